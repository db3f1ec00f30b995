import Foundation
import Testing
import TrunklineCore
import TrunklinePostgres
import TrunklineTesting

/// Our sessions say what they depend on.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SessionTests {
    private static let items = "create table item (id int primary key, name text)"

    @Test func settingsOfTheDatabaseChangeNothing() async throws {
        let pair = try Pair()
        let database = URL(string: pair.branchDatabase.url)!.lastPathComponent
        for setting in [
            "default_transaction_isolation = 'serializable'", "default_transaction_deferrable = on",
            "synchronous_commit = off", "row_security = off", "max_parallel_workers_per_gather = 4",
            "quote_all_identifiers = on", "default_transaction_read_only = on",
        ] {
            try pair.branchDatabase.run("alter database \(database) set \(setting)")
        }
        let till = "set default_transaction_read_only = off; "
        try pair.branchDatabase.run(till + Self.items)
        try await pair.initialiseBranch(["item"])
        _ = try await pair.head.initialise(OfficeSetup(office: .head, role: .head, tables: []))
        try pair.branchDatabase.run(till + "begin read write; insert into item values (1, 'a'); commit")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select name from item") == "a")
    }

    /// Nothing here is worth the start of a process a batch; compiled plans and parallel workers both cost one.
    @Test func ourSessionsStartNoWorkers() async throws {
        let pair = try await Pair(
            branch: Self.items, tables: ["item"],
            head: """
                create table item (branch_id text, id int, name text, primary key (branch_id, id));
                create table seen (setting text, value text);
                create function note() returns trigger language plpgsql as $$ begin
                    insert into seen select s, current_setting(s) from unnest(array[
                        'max_parallel_workers_per_gather', 'max_parallel_maintenance_workers', 'jit']) s;
                    return new;
                end $$;
                create trigger note after insert on item for each row execute function note();
                """)
        try pair.branchDatabase.run("insert into item values (1, 'a')")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select setting, value from seen order by 1")
                == "jit|off\nmax_parallel_maintenance_workers|0\nmax_parallel_workers_per_gather|0")
    }

    @Test func aServerThatWasReadOnlyForAMomentIsTriedAnew() async throws {
        let pair = try await Pair(branch: Self.items, tables: ["item"])
        let store = try Pair.store(pair.branchDatabase)
        try pair.branchDatabase.run("insert into item values (1, 'a')")
        // As a standby says it, in a session that stays like that.
        try pair.branchDatabase.run(
            "create function f() returns trigger language plpgsql as $$ begin raise sqlstate '25006'; end $$")
        _ = try await store.status()
        let sessions =
            "select count(*) from pg_stat_activity where application_name = 'trunkline' and datname = current_database()"
        let before = try pair.branchDatabase.run(sessions)
        try pair.branchDatabase.run(
            "create trigger t before insert on trunkline.batch for each row execute function f()")
        let error = await #expect(throws: StoreError.self) {
            try await store.claimBatch(of: pair.stream, window: 64, changes: 1)
        }
        #expect(error?.code == .unreachable)
        try await eventually("the connection is closed") { try pair.branchDatabase.run(sessions) != before }
        try pair.branchDatabase.run("drop trigger t on trunkline.batch")
        #expect(try await store.claimBatch(of: pair.stream, window: 64, changes: 1) != nil)
    }

    @Test func thePasswordIsReadAtEachConnect() async throws {
        let pair = try await Pair(branch: Self.items, tables: ["item"])
        let url = pair.branchDatabase.url
        let directory = try TemporaryDirectory()
        let file = directory.file("url")
        try Data("postgres://nobody@127.0.0.1:1/none".utf8).write(to: URL(filePath: file))
        let store = PostgresStore(readingURL: { () throws(StoreError) in
            (try? String(contentsOfFile: file, encoding: .utf8)) ?? url
        })
        await #expect(throws: StoreError.self) { try await store.status() }
        try Data(url.utf8).write(to: URL(filePath: file))
        #expect(try await store.status().count == 1)
    }

    @Test(arguments: [("WIN1252", "e'bad \\x9d'"), ("SQL_ASCII", "e'bad \\xff'")])
    func aValueThatIsNoUTF8IsSetAside(encoding: String, value: String) async throws {
        let database = try TestPostgres(encoding: encoding)
        let till = "set client_encoding = '\(encoding)'; "
        try database.run("create table item (id int primary key, name text); create table word (w text primary key)")
        let store = try PostgresStore(url: database.url)
        let stream = StreamID(from: OfficeID("east")!, to: .head)
        _ = try await store.initialise(
            OfficeSetup(office: stream.source, role: .branch, tables: [TableName("item"), TableName("word")]))
        try database.run(
            till
                + "insert into item values (1, 'good'), (2, \(value)), (3, 'good'); insert into word values (\(value)), ('fine')"
        )
        let claimed = try #require(try await store.claimBatch(of: stream, window: 64, changes: 100))
        guard
            case .content(let tables) = try await store.readBatch(
                claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        else { throw TestFailure("too large") }
        #expect(tables.map { $0.rowCount }.sorted() == [1, 2] && tables.allSatisfy { $0.deleteCount == 0 })
        #expect(try await store.status()[0].setAside == 2)
        let reason = try database.run("select reason from trunkline.refused_row where table_name = 'item'")
        #expect(reason.contains("column \"name\"") && reason.contains("byte sequence"))
        try database.run(till + "update item set name = 'mended' where id = 2; delete from word where w <> 'fine'")
        let next = try #require(try await store.claimBatch(of: stream, window: 64, changes: 100))
        _ = try await store.readBatch(next, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        #expect(try database.run("select count(*) from trunkline.refused_row where table_name = 'item'") == "0")
    }

    @Test func aCrashOfATillThatDoesNotWaitForItsDiskStopsNothing() async throws {
        let server = try await PrivatePostgres()
        let directory = try TemporaryDirectory()
        let office = try TestOffice("east", .postgres, in: directory, server: server.url)
        let head = try TestOffice("head", .postgres, in: directory)
        _ = try Command.run("psql", ["-XAtq", server.url, "-c", "alter system set synchronous_commit = off"])
        _ = try Command.run("psql", ["-XAtq", server.url, "-c", "alter system set wal_writer_delay = '10s'"])
        _ = try Command.run("psql", ["-XAtq", server.url, "-c", "select pg_reload_conf()"])
        try office.run(Self.items)
        let branch = try Pair.store(office)
        let headStore = try Pair.store(head)
        let stream = StreamID(from: OfficeID("east")!, to: .head)
        _ = try await branch.initialise(OfficeSetup(office: stream.source, role: .branch, tables: [TableName("item")]))
        _ = try await headStore.initialise(OfficeSetup(office: .head, role: .head, tables: []))
        for id in 1...5 {
            try office.run("insert into item values (\(id), 'a')")
            let claimed = try #require(try await branch.claimBatch(of: stream, window: 64, changes: 100))
            guard
                case .content(let tables) = try await branch.readBatch(
                    claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
            else { throw TestFailure("too large") }
            try await server.kill()
            let batch = try InboundBatch(message: BatchEncoder.encode(claimed, tables: tables))
            guard case .stored = try await headStore.receive(batch, parking: false) else {
                throw TestFailure("the stream is stopped")
            }
            try await server.start()
            // What the head has, the branch still has.
            #expect(try office.run("select count(*) from item where id = \(id)") == "1")
            for pending in try await headStore.pendingAcks(limit: 10) {
                await #expect(throws: StoreError.self) { try await branch.recordAck(pending.ack) }
                guard case .recorded = try await branch.recordAck(pending.ack) else {
                    throw TestFailure("not recorded")
                }
                try await headStore.removePendingAck(pending)
            }
        }
        #expect(try head.run("select count(*) from item") == "5")
        #expect(try await headStore.status()[0].stopped == nil)
    }
}
