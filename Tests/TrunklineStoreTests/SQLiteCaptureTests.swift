import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What an application does to its own tables, and to SQLite's: nothing is lost, and nothing is called done that is not.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SQLiteCaptureTests {
    private static let pairing = Pairing(branch: .sqlite, head: .postgres)
    private static let sale = "create table sale (id integer primary key, n int)"

    private func pair(_ sql: String = sale, tables: [String] = ["sale"]) async throws -> Pair {
        try await Pair(Self.pairing, branch: sql, tables: tables)
    }

    @Test func numbersThatRunBackwardsLoseNoChange() async throws {
        let pair = try await pair()
        try pair.branchDatabase.run("insert into sale values (1, 0), (2, 0), (3, 0)")
        try await pair.sync()
        while try await pair.branch.prune(pair.stream) > 0 {}
        try pair.branchDatabase.run(
            """
            delete from sqlite_sequence;
            insert into sale values (4, 0); insert into sale values (5, 0); update sale set n = 9 where id = 1
            """)
        #expect(try await pair.branch.status()[0].pending == 3)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, n from sale order by id") == "1|9\n2|0\n3|0\n4|0\n5|0")
        #expect(try await pair.verify().agrees)
    }

    @Test func aReplaceThatPutsADefaultForNullIsSeen() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .sqlite),
            branch: "create table sale (id integer primary key, u integer not null default 7 unique)", tables: ["sale"])
        try pair.branchDatabase.run("insert into sale values (1, 7)")
        try await pair.sync()
        try pair.branchDatabase.run("insert or replace into sale values (2, null)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, u from sale") == "2|7")
    }

    @Test func aTableThatStandsStillDoesNotAgree() async throws {
        let pair = try await pair()
        try pair.branchDatabase.run("insert into sale values (1, 0)")
        try await pair.sync()
        try pair.branchDatabase.run("alter table sale rename to sales")
        #expect(try await !pair.verify().agrees)
        #expect(
            try pair.branchDatabase.run(
                "select state from trunkline_row_status where table_name = 'sale' and key is null")
                == "pending")
    }

    @Test func aRebuiltTableIsPendingBeforeAnybodySaysThatAllIsAcked() async throws {
        let pair = try await pair()
        try pair.branchDatabase.run("insert into sale values (1, 0)")
        try await pair.sync()
        try pair.branchDatabase.run(
            """
            begin; create table fresh (id integer primary key, n int, note text);
            insert into fresh select id, n, null from sale; drop table sale; alter table fresh rename to sale; commit;
            insert into sale values (2, 0, null); insert into sale values (3, 0, null)
            """)
        let rows = try await pair.branch.rows(of: TableName("sale"), matching: RowFilter()).rows
        #expect(rows.map(\.state) == [.pending, .pending, .pending])
        let status = try await pair.branch.status()[0]
        #expect(status.pending > 0 && status.standing.isEmpty)
        try pair.headDatabase.run("alter table sale add column note text")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from sale order by id") == "1\n2\n3")
        #expect(try await pair.branch.status()[0].pending == 0)
    }

    @Test func aRenamedTableStandsStillWithTheWayOutAndTheOthersGoOn() async throws {
        let pair = try await pair("\(Self.sale); create table item (id integer primary key)", tables: ["sale", "item"])
        try pair.branchDatabase.run("insert into sale values (1, 0), (2, 0)")
        try await pair.sync()
        try pair.branchDatabase.run(
            """
            delete from sale where id = 2; alter table sale rename to sales;
            insert into sales values (3, 0); insert into item values (7)
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item") == "7")
        let standing = try await pair.branch.status()[0].standing
        #expect(standing.map(\.table) == [TableName("sale")])
        #expect(standing[0].reason.contains("was renamed to \"sales\""))
        // Two changes wait until someone acts, and are not forgotten.
        let status = try await pair.branch.status()[0]
        #expect(status.pending == 2 && status.oldestUnackedSeconds != nil)
        let refused = await #expect(throws: StoreError.self) {
            _ = try await pair.branch.rows(of: TableName("sale"), matching: RowFilter())
        }
        #expect(refused?.reason == standing[0].reason)

        try pair.branchDatabase.run("alter table sales rename to sale")
        #expect(try await pair.branch.status()[0].standing.isEmpty)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from sale order by id") == "1\n3")
        #expect(try await pair.verify().agrees)
    }

    @Test func aTableThatIsDroppedWithChangesPendingStopsNoOther() async throws {
        let pair = try await pair("\(Self.sale); create table item (id integer primary key)", tables: ["sale", "item"])
        try pair.branchDatabase.run("insert into sale values (1, 0); insert into item values (1); drop table sale")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item") == "1")
        #expect(try await pair.branch.status()[0].standing[0].reason.contains("there is no table \"sale\" any more"))
        try await pair.initialiseBranch(["item"])
        #expect(try await pair.branch.status()[0].standing.isEmpty)
    }

    @Test func aTableWhoseKeyIsGoneStandsStillUntilItHasOneAgain() async throws {
        let pair = try await pair()
        try pair.branchDatabase.run(
            "insert into sale values (1, 0); drop table sale; create table sale (id int, n int); insert into sale values (1, 0)"
        )
        try await pair.sync()
        #expect(try await pair.branch.status()[0].standing[0].reason.contains("no primary key"))
        try pair.branchDatabase.run("drop table sale; \(Self.sale); insert into sale values (8, 0)")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].standing.isEmpty)
        #expect(try pair.headDatabase.run("select id from sale") == "8")
    }

    @Test func aKeyThatIsWidenedWithChangesPendingIsLoadedAgain() async throws {
        let pair = try await pair()
        try pair.branchDatabase.run("insert into sale values (1, 0)")
        try pair.branchDatabase.run(
            """
            begin; create table fresh (id int, line int, n int, primary key (id, line));
            insert into fresh select id, 1, n from sale; insert into fresh select id, 2, n from sale;
            insert into fresh select id, 3, n from sale; drop table sale; alter table fresh rename to sale; commit
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, line from sale order by line") == "1|1\n1|2\n1|3")
    }

    @Test func aKeyColumnThatIsRenamedStopsNoWriteOfTheTill() async throws {
        let pair = try await pair()
        try pair.branchDatabase.run("insert into sale values (1, 0)")
        try await pair.sync()
        try pair.branchDatabase.run("alter table sale rename column id to number; insert into sale values (2, 0)")
        try pair.headDatabase.run("alter table sale rename column id to number")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select number from sale order by 1") == "1\n2")
    }

    @Test func aTableThatIsRebuiltWhileItsBatchIsReadArrivesWhole() async throws {
        let pair = try await pair()
        try pair.branchDatabase.run("insert into sale values (1, 0)")
        let claimed = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 10))
        try pair.branchDatabase.run("alter table sale rename to old; \(Self.sale)")
        let batch = try await pair.build(claimed)
        #expect(batch.header.tables.allSatisfy { $0.rows == 0 })
        try pair.branchDatabase.run("insert into sale select * from old; drop table old")
        _ = try await pair.head.receive(batch, parking: false)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from sale") == "1")
    }
}
