import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What is added to a till's PostgreSQL database is in nobody's way.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct TillTests {
    private static let items = "create table item (id int primary key, name text)"

    @Test func theTillMayAlterAndDropWhatIsSynced() async throws {
        let pair = try await Pair(
            branch: Self.items + "; create table gone (id int primary key)", tables: ["item", "gone"])
        try pair.branchDatabase.run(
            """
            insert into item values (1, 'a');
            alter table item alter id type bigint;
            insert into item values (2, 'b');
            alter table item drop column name;
            insert into item values (3);
            drop table gone
            """)
        #expect(try pair.branchDatabase.run("select key from trunkline.row_status order by key") == "{1}\n{2}\n{3}")
        _ = try await pair.branch.initialise(
            OfficeSetup(office: pair.stream.source, role: .branch, tables: [TableName("item")]))
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item order by id") == "1\n2\n3")
    }

    /// What `lastval()` says is the application's own business: many ask it for the key of the row that they inserted.
    @Test(arguments: ["", "partition by range (id)"])
    func theSessionsLastNumberIsTheTills(partitioned: String) async throws {
        let pair = try await Pair(
            branch: "create table sale (id bigserial primary key, n int) \(partitioned);"
                + (partitioned.isEmpty ? "" : "create table sale_all partition of sale default"), tables: ["sale"])
        #expect(
            try pair.branchDatabase.run(
                """
                insert into sale (n) values (10), (20), (30); select lastval();
                update sale set n = n + 1; delete from sale where id = 1; select lastval();
                begin; savepoint s; insert into sale (n) values (40); rollback to s; insert into sale (n) values (50);
                update sale set n = n + 1; commit; select lastval();
                alter table sale rename id to number; insert into sale (n) values (60); select lastval()
                """) == "3\n3\n5\n6")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select n from sale order by n") == "22\n32\n51\n60")
    }

    /// A transaction's changes are numbered in their order, whoever else writes meanwhile.
    @Test func theChangesOfATransactionAreInTheirOrder() async throws {
        let pair = try await Pair(branch: "create table item (id int primary key, n int)", tables: ["item"])
        async let other: Void = {
            for round in 0..<20 {
                let first = -1_000 * (round + 1)
                try pair.branchDatabase.run("insert into item select \(first) + n, 0 from generate_series(1, 999) n")
            }
        }()
        try pair.branchDatabase.run(
            "begin; "
                + (0..<20).map { round in
                    """
                    insert into item select \(round) * 1000 + n, 0 from generate_series(1, 1000) n;
                    update item set n = 1 where id = \(round) * 1000 + 1;
                    """
                }.joined() + "commit")
        try await other
        let order = try pair.branchDatabase.run(
            """
            select count(*), count(*) filter (where not coalesce(round >= before, true)) from (
                select round, lag(round) over (partition by transaction order by seq) as before from (
                    select transaction, seq, (key[1]::int - 1) / 1000 as round from trunkline.change where key[1]::int > 0
                ) c
            ) c
            """)
        #expect(order == "20020|0")
    }

    @Test func aWriteCanBePrepared() async throws {
        let server = try await PrivatePostgres()
        let directory = try TemporaryDirectory()
        let office = try TestOffice("east", .postgres, in: directory, server: server.url)
        try Command.run("psql", ["-XAtq", server.url, "-c", "alter system set max_prepared_transactions = 4"])
        try await server.stop()
        try await server.start()
        try office.run(Self.items)
        let store = try Pair.store(office)
        let stream = StreamID(from: OfficeID("east")!, to: .head)
        _ = try await store.initialise(
            OfficeSetup(office: stream.source, role: .branch, tables: [TableName("item")]))
        try office.run("begin; insert into item values (1, 'later'); prepare transaction 'p'")
        try office.run("insert into item values (2, 'now')")
        let first = try #require(try await store.claimBatch(of: stream, window: 64, changes: 100))
        #expect(first.changes == 1)
        try office.run("commit prepared 'p'")
        let second = try #require(try await store.claimBatch(of: stream, window: 64, changes: 100))
        #expect(second.changes == 1)
    }

    @Test func everyTableOfOursHasAKey() async throws {
        let pair = try await Pair(
            branch: Self.items + "; create publication everything for all tables", tables: ["item"],
            head:
                "create table item (branch_id text, id int, name text check (name <> 'bad'), primary key (branch_id, id))"
        )
        let bare = """
            select string_agg(c.relname, ' ') from pg_class c where c.relnamespace = 'trunkline'::regnamespace
                and c.relkind = 'r' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
            """
        #expect(try pair.branchDatabase.run(bare) == "")
        #expect(try pair.headDatabase.run(bare) == "")
        try pair.branchDatabase.run("insert into item values (1, 'bad'), (2, 'good')")
        try await pair.sync()
        try pair.branchDatabase.run("update item set name = 'mended' where id = 1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, name from item order by id") == "1|mended\n2|good")
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    @Test func anIdleOfficeUsesUpNoTransactionIds() async throws {
        let server = try await PrivatePostgres()
        let office = try TestOffice("east", .postgres, in: TemporaryDirectory(), server: server.url)
        _ = try Command.run("psql", ["-XAtq", server.url, "-c", "alter system set autovacuum = off"])
        _ = try Command.run("psql", ["-XAtq", server.url, "-c", "select pg_reload_conf()"])
        try office.run(Self.items)
        let store = try Pair.store(office)
        let stream = StreamID(from: OfficeID("east")!, to: .head)
        _ = try await store.initialise(
            OfficeSetup(office: stream.source, role: .branch, tables: [TableName("item")]))
        let current = "select pg_snapshot_xmax(pg_current_snapshot())"
        let before = try office.run(current)
        for _ in 1...5 {
            #expect(try await store.claimBatch(of: stream, window: 64, changes: 100) == nil)
            #expect(try await store.formVerification(of: stream) == false)
            #expect(try await store.formIdleBatch(of: stream, after: .seconds(3_600)) == false)
            #expect(try await store.prune(stream) == 0)
            _ = try await store.status()
            try await store.wait(for: .changes, within: .milliseconds(30))
        }
        #expect(try office.run(current) == before)
    }

    @Test func aCommitWakesThePublisher() async throws {
        let pair = try await Pair(branch: Self.items, tables: ["item"])
        // The first call only begins to listen.
        try await pair.branch.wait(for: .changes, within: .seconds(1))
        let open = try OpenTransaction(pair.branchDatabase.url, "insert into item values (1, 'a')")
        try await pair.branch.wait(for: .changes, within: .milliseconds(50))
        #expect(try await pair.nextBatch() == nil)
        async let woken: Void = pair.branch.wait(for: .changes, within: .seconds(600))
        try open.commit()
        try await woken
        #expect(try await pair.nextBatch() != nil)
    }

    @Test func anOpenTransactionOfAnySizeIsSteppedOver() async throws {
        let pair = try await Pair(branch: Self.items, tables: ["item"])
        try pair.branchDatabase.run("insert into item values (0, 'before')")
        try await pair.sync()
        let open = try OpenTransaction(
            pair.branchDatabase.url, "insert into item select n, 'bulk' from generate_series(1, 50000) n")
        let reads = "select idx_tup_read from pg_stat_user_indexes where indexrelname = 'change_pkey'"
        for round in 1...3 {
            try pair.branchDatabase.run("insert into item values (\(-round), 'quick')")
            try await pair.sync()
        }
        await pair.branch.close()
        try await eventually("the statistics are there") {
            try Int(pair.branchDatabase.run(reads)) ?? 0 > 0
        }
        #expect(try Int(pair.branchDatabase.run(reads))! < 5_000)
        try open.commit()
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "50004")
    }
}
