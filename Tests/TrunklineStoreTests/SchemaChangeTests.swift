import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// The rows of the table in `docs/schema-changes.md` that are about columns, keys and tables, between all kinds of databases:
/// nothing stops, nothing is lost, and no value is in another column.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SchemaChangeTests {
    private static let sale = "create table sale (id integer primary key, qty integer, note text);"
    private static let ofHead =
        "create table sale (branch_id text, id integer, qty integer, note text, primary key (branch_id, id));"

    private func pair(_ pairing: Pairing, head: String = ofHead) async throws -> Pair {
        let pair = try await Pair(pairing, branch: Self.sale, tables: ["sale"], head: head)
        try pair.branchDatabase.run("insert into sale values (1, 1, 'one'), (2, 2, 'two')")
        try await pair.sync()
        return pair
    }

    private func setAside(_ pair: Pair) async throws -> Int {
        try #require(try await pair.head.status().first { $0.stream == pair.stream }).setAside
    }

    /// What is set aside is tried until nothing more is stored, as the services do.
    private func retry(_ pair: Pair) async throws {
        while try await pair.head.retrySetAside(SetAsideSelection(), limit: 100).stored > 0 {}
        try await pair.deliverAcks()
    }

    @Test(arguments: Pairing.all) func aColumnIsAddedAtTheHeadFirst(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try pair.headDatabase.run("alter table sale add column till integer default 7")
        try pair.branchDatabase.run("insert into sale values (3, 3, 'three'); update sale set qty = 10 where id = 1")
        try await pair.sync()
        let listing = "select id, qty, note, till from sale order by id"
        #expect(try pair.headDatabase.run(listing) == "1|10|one|7\n2|2|two|7\n3|3|three|7")
        try pair.branchDatabase.run(
            "alter table sale add column till integer; insert into sale values (4, 4, 'four', 8)")
        try await pair.sync()
        #expect(try pair.headDatabase.run(listing) == "1|10|one|7\n2|2|two|7\n3|3|three|7\n4|4|four|8")
        #expect(try await setAside(pair) == 0)
    }

    @Test(arguments: Pairing.all) func aColumnIsDroppedAtTheBranchFirst(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try pair.branchDatabase.run("alter table sale drop column note; insert into sale values (3, 3)")
        try pair.branchDatabase.run("update sale set qty = 10 where id = 1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, qty, note from sale order by id") == "1|10|one\n2|2|two\n3|3|")
        try pair.headDatabase.run("alter table sale drop column note")
        try pair.branchDatabase.run("update sale set qty = 20 where id = 2")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, qty from sale order by id") == "1|10\n2|20\n3|3")
        #expect(try await setAside(pair) == 0)
        #expect(try await pair.verify().agrees)
    }

    /// The wrong way round: rows are stored, and what waits for the column ends with it at the branch.
    @Test(arguments: Pairing.all) func aColumnIsDroppedAtTheHeadFirst(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try pair.headDatabase.run("alter table sale drop column note")
        try pair.branchDatabase.run("update sale set qty = 10 where id = 1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, qty from sale order by id") == "1|10\n2|2")
        #expect(try await setAside(pair) == 1)
        try pair.branchDatabase.run("alter table sale drop column note; insert into sale values (3, 3)")
        try await pair.sync()
        try await retry(pair)
        #expect(try pair.headDatabase.run("select id, qty from sale order by id") == "1|10\n2|2\n3|3")
        #expect(try await setAside(pair) == 0)
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    @Test(arguments: Pairing.all, [true, false])
    func aColumnIsRenamed(_ pairing: Pairing, atTheBranchFirst: Bool) async throws {
        let pair = try await pair(pairing)
        let rename = "alter table sale rename column qty to amount"
        try (atTheBranchFirst ? pair.branchDatabase : pair.headDatabase).run(rename)
        try pair.branchDatabase.run(
            "update sale set note = 'eins' where id = 1; insert into sale values (3, 3, 'three')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, note from sale order by id") == "1|eins\n2|two\n3|three")
        #expect(try await setAside(pair) == 2)
        try (atTheBranchFirst ? pair.headDatabase : pair.branchDatabase).run(rename)
        try pair.branchDatabase.run("update sale set note = 'zwei' where id = 2")
        try await pair.sync()
        try await retry(pair)
        if atTheBranchFirst {
            #expect(
                try pair.headDatabase.run("select id, amount, note from sale order by id")
                    == "1|1|eins\n2|2|zwei\n3|3|three")
        } else {
            // What had gone under the old name is sent again under the new one.
            _ = try await pair.branch.resync(TableName("sale"), to: nil)
            try await pair.sync()
        }
        #expect(
            try pair.headDatabase.run("select id, amount, note from sale order by id")
                == "1|1|eins\n2|2|zwei\n3|3|three")
        #expect(try await setAside(pair) == 0)
        #expect(try await pair.verify().agrees)
    }

    /// With another type, in the way of each database.
    private func retype(_ office: TestOffice, columns: String, _ alterations: String, key: String) throws {
        guard office.kind == .sqlite else {
            _ = try office.run(alterations)
            return
        }
        let names = columns.hasPrefix("branch_id") ? "branch_id, id, qty, note" : "id, qty, note"
        try office.run(
            """
            begin; create table sale_new (\(columns), primary key (\(key)));
            insert into sale_new select \(names) from sale; drop table sale; alter table sale_new rename to sale; commit
            """)
    }

    @Test(arguments: Pairing.all) func aTypeIsWidened(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table sale (id integer primary key, qty smallint, note varchar(5));",
            tables: ["sale"],
            head:
                "create table sale (branch_id text, id integer, qty smallint, note varchar(5), primary key (branch_id, id));"
        )
        try pair.branchDatabase.run("insert into sale values (1, 1, 'one')")
        try await pair.sync()
        try retype(
            pair.branchDatabase, columns: "id integer, qty bigint, note text",
            "alter table sale alter qty type bigint, alter note type text", key: "id")
        try await pair.initialiseBranch(["sale"])
        try pair.branchDatabase.run("insert into sale values (2, 3000000000, 'two'), (3, 3, 'thousands')")
        try await pair.sync()
        // SQLite holds both in the columns that there are.
        let isServer = pairing.head == .postgres
        #expect(try await setAside(pair) == (isServer ? 2 : 0))
        try retype(
            pair.headDatabase, columns: "branch_id text, id integer, qty bigint, note text",
            "alter table sale alter qty type bigint, alter note type text", key: "branch_id, id")
        try await retry(pair)
        #expect(
            try pair.headDatabase.run("select id, qty, note from sale order by id")
                == "1|1|one\n2|3000000000|two\n3|3|thousands")
        #expect(try await setAside(pair) == 0)
        #expect(try await pair.verify().agrees)
    }

    /// The head waits for what the branch already forbids.
    @Test(arguments: Pairing.all) func aTypeIsNarrowed(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try retype(
            pair.branchDatabase, columns: "id integer, qty smallint, note text check (length(note) <= 5)",
            "alter table sale alter qty type smallint, alter note type varchar(5)", key: "id")
        try await pair.initialiseBranch(["sale"])
        try pair.branchDatabase.run("insert into sale values (3, 3, 'three')")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, qty, note from sale order by id") == "1|1|one\n2|2|two\n3|3|three")
        #expect(try await setAside(pair) == 0)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aColumnWithADefault(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try pair.headDatabase.run("alter table sale add column price integer")
        try pair.branchDatabase.run(
            "alter table sale add column price integer default 5; insert into sale (id, qty) values (3, 3)")
        try await pair.sync()
        let listing = "select id, price from sale order by id"
        #expect(try pair.headDatabase.run(listing) == "1|\n2|\n3|5")
        #expect(try await pair.verify().differs)
        _ = try await pair.branch.resync(TableName("sale"), to: nil)
        try await pair.sync()
        #expect(try pair.headDatabase.run(listing) == "1|5\n2|5\n3|5")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aGeneratedColumn(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        func generated(_ kind: DatabaseKind, _ expression: String) -> String {
            "generated always as (\(expression)) \(kind == .postgres ? "stored" : "virtual")"
        }
        try pair.branchDatabase.run(
            "alter table sale add column twice integer \(generated(pairing.branch, "2 * qty")); insert into sale (id, qty) values (3, 3)"
        )
        try await pair.sync()
        try pair.headDatabase.run("alter table sale add column thrice integer \(generated(pairing.head, "3 * qty"))")
        try pair.branchDatabase.run("update sale set qty = 10 where id = 1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, qty, thrice from sale order by id") == "1|10|30\n2|2|6\n3|3|9")
        #expect(try await setAside(pair) == 0)
    }

    @Test(arguments: Pairing.all) func aColumnThatMayNotBeNull(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try pair.headDatabase.run("alter table sale add column till integer not null default 7")
        try pair.branchDatabase.run(
            "alter table sale add column till integer not null default 1; insert into sale values (3, 3, 'three', 3)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, till from sale order by id") == "1|7\n2|7\n3|3")
        // One that the branch does not have, and that has no default.
        try retype(
            pair.headDatabase,
            columns: "branch_id text, id integer, qty integer not null, note text",
            "alter table sale alter qty set not null", key: "branch_id, id")
        try pair.branchDatabase.run("insert into sale values (4, null, 'four', 4)")
        try await pair.sync()
        #expect(try await setAside(pair) == 1)
        try pair.branchDatabase.run("update sale set qty = 4 where id = 4")
        try await pair.sync()
        try await retry(pair)
        #expect(try pair.headDatabase.run("select id, qty from sale order by id") == "1|1\n2|2\n3|3\n4|4")
    }

    @Test(arguments: Pairing.all) func aKeyGetsAColumn(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing,
            branch: "create table sale (id integer not null, line integer not null, qty integer, primary key (id));",
            tables: ["sale"],
            head:
                "create table sale (branch_id text, id integer, line integer, qty integer, primary key (branch_id, id));"
        )
        try pair.branchDatabase.run("insert into sale values (1, 1, 1)")
        try await pair.sync()
        let isServer = pairing.head == .postgres
        try pair.headDatabase.run(
            isServer
                ? "alter table sale drop constraint sale_pkey, add primary key (branch_id, id, line)"
                : """
                begin; create table sale_new (branch_id text, id integer, line integer, qty integer, primary key (branch_id, id, line));
                insert into sale_new select * from sale; drop table sale; alter table sale_new rename to sale; commit
                """)
        try pair.branchDatabase.run(
            pairing.branch == .postgres
                ? "alter table sale drop constraint sale_pkey, add primary key (id, line)"
                : """
                begin; create table sale_new (id integer not null, line integer not null, qty integer, primary key (id, line));
                insert into sale_new select * from sale; drop table sale; alter table sale_new rename to sale; commit
                """)
        try await pair.initialiseBranch(["sale"])
        try pair.branchDatabase.run("insert into sale values (1, 2, 2), (2, 1, 3)")
        try await pair.sync()
        try await retry(pair)
        #expect(try pair.headDatabase.run("select id, line, qty from sale order by id, line") == "1|1|1\n1|2|2\n2|1|3")
        #expect(try await setAside(pair) == 0)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aTableIsRenamedAndDropped(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try pair.branchDatabase.run("alter table sale rename to turnover; insert into turnover values (3, 3, 'three')")
        try pair.headDatabase.run("alter table sale rename to turnover")
        try await pair.initialiseBranch(["turnover"])
        try await pair.sync()
        try await retry(pair)
        #expect(
            try pair.headDatabase.run("select id, qty, note from turnover order by id")
                == "1|1|one\n2|2|two\n3|3|three")
        try await pair.initialiseBranch([])
        try pair.branchDatabase.run("drop table turnover")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from turnover") == "3")
        #expect(try await setAside(pair) == 0)
        #expect(try await pair.branch.status()[0].standing.isEmpty)
    }

    /// The way in which applications on SQLite alter a table, with a column more, and another order of the columns.
    @Test(arguments: Pairing.all) func aTableIsRebuilt(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try pair.branchDatabase.run(
            """
            begin; create table sale_new (note text, id integer primary key, till integer, qty integer);
            insert into sale_new (id, qty, note, till) select id, qty, note, 1 from sale; drop table sale;
            alter table sale_new rename to sale; insert into sale (id, qty, note, till) values (3, 3, 'three', 2); commit
            """)
        try await pair.initialiseBranch(["sale"])
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, qty, note from sale order by id") == "1|1|one\n2|2|two\n3|3|three")
        try pair.headDatabase.run("alter table sale add column till integer")
        try await retry(pair)
        #expect(try pair.headDatabase.run("select id, till from sale order by id") == "1|1\n2|1\n3|2")
        #expect(try await setAside(pair) == 0)
        #expect(try await pair.verify().agrees)
    }

    /// For months, and one of them goes first.
    @Test(arguments: Pairing.all) func twoBranchesOnDifferentVersions(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        let directory = try TemporaryDirectory()
        let database = try TestOffice("west", pairing.branch, in: directory)
        try database.run(Self.sale.replacing("note text", with: "note text, till integer"))
        let west = try Pair.store(database)
        let stream = StreamID(from: OfficeID("west")!, to: .head)
        _ = try await west.initialise(OfficeSetup(office: stream.source, role: .branch, tables: [TableName("sale")]))
        func send(_ sql: String) async throws {
            try database.run(sql)
            while let claimed = try await west.claimBatch(of: stream, window: 64, changes: 100) {
                guard
                    case .content(let tables) = try await west.readBatch(
                        claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
                else { throw TestFailure("too large") }
                let batch = try InboundBatch(message: BatchEncoder.encode(claimed, tables: tables))
                _ = try await pair.head.receive(batch, parking: false)
            }
            for pending in try await pair.head.pendingAcks(limit: 100) where pending.ack.stream == stream {
                _ = try await west.recordAck(pending.ack)
                try await pair.head.removePendingAck(pending)
            }
        }
        try await send("insert into sale values (1, 11, 'eins', 1)")
        try pair.branchDatabase.run("update sale set qty = 10 where id = 1")
        try await pair.sync()
        let listing = "select branch_id, id, qty, note from sale order by branch_id, id"
        #expect(try pair.headDatabase.run(listing) == "east|1|10|one\neast|2|2|two\nwest|1|11|eins")
        let status = try await pair.head.status()
        #expect(status.first { $0.stream == stream }?.setAside == 1)
        #expect(status.first { $0.stream == stream }?.differences.map(\.notStored) == [["till"]])
        #expect(try await west.status()[0].differences.map(\.notStored) == [["till"]])
        #expect(status.first { $0.stream == pair.stream }?.differences == [])
        try pair.headDatabase.run("alter table sale add column till integer")
        try await retry(pair)
        try await send("insert into sale values (2, 12, 'zwei', 2)")
        try pair.branchDatabase.run("update sale set qty = 20 where id = 2")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select branch_id, id, qty, till from sale order by branch_id, id")
                == "east|1|10|\neast|2|20|\nwest|1|11|1\nwest|2|12|2")
        let later = try await pair.head.status()
        #expect(later.allSatisfy { $0.setAside == 0 })
        #expect(later.first { $0.stream == pair.stream }?.differences.map(\.notSent) == [["till"]])
        #expect(later.first { $0.stream == stream }?.differences == [])
        await west.close()
    }
}
