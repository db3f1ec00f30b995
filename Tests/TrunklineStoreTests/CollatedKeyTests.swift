import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Keys that a collation of a SQLite receiver takes for one are two keys: neither overwrites nor removes the other.
struct CollatedKeyTests {
    /// What the head's table is, by what it takes for the same.
    struct HeadTable: CustomTestStringConvertible, Sendable {
        var sql: String
        var keys: [String]
        var collation: String
        var testDescription: String { sql }
    }

    private static let item = "branch_id text, id text"
    static let tables = [
        HeadTable(
            sql: "create table item (\(item) collate nocase, v text, primary key (branch_id, id))",
            keys: ["Pen", "pen", "PEN"], collation: "NOCASE"),
        HeadTable(
            sql: "create table item (\(item) collate rtrim, v text, primary key (branch_id, id)) without rowid",
            keys: ["Pen", "Pen ", "Pen  "], collation: "RTRIM"),
        HeadTable(
            sql: """
                create table item (\(item), v text, primary key (branch_id, id));
                create unique index folded on item (branch_id, id collate nocase)
                """, keys: ["Pen", "pen", "PEN"], collation: "NOCASE"),
        HeadTable(
            sql: """
                create table item (\(item), v text, unique (branch_id, id collate nocase),
                    primary key (branch_id, id))
                """, keys: ["Pen", "pen", "PEN"], collation: "NOCASE"),
    ]
    static let branches: [DatabaseKind] = TestEnvironment.hasPostgres ? [.sqlite, .postgres] : [.sqlite]

    private func pair(_ branch: DatabaseKind, _ head: String) async throws -> Pair {
        try await Pair(
            Pairing(branch: branch, head: .sqlite), branch: "create table item (id text primary key, v text)",
            tables: ["item"], head: head)
    }

    private func stored(_ pair: Pair) throws -> String {
        try pair.headDatabase.run("select '<' || id || '> ' || v from item order by id collate binary")
    }

    @Test(arguments: branches, tables)
    func theSecondOfTwoIsSetAsideUntilTheFirstIsGone(branch: DatabaseKind, table: HeadTable) async throws {
        let pair = try await pair(branch, table.sql)
        let (first, second, third) = (table.keys[0], table.keys[1], table.keys[2])
        try pair.branchDatabase.run("insert into item values ('\(first)', 'a')")
        try await pair.sync()
        try pair.branchDatabase.run("insert into item values ('\(second)', 'b')")
        try await pair.sync()
        #expect(try stored(pair) == "<\(first)> a")
        let told = try await pair.branch.rows(of: TableName("item"), matching: RowFilter()).rows
        let reason = try #require(told.compactMap(\.reason).first)
        #expect(reason.contains("\"id\"") && reason.contains("COLLATE \(table.collation)"))
        // Its delete is the delete of no other row.
        try pair.branchDatabase.run("delete from item where id = '\(second)'")
        try await pair.sync()
        #expect(try stored(pair) == "<\(first)> a")
        #expect(try await pair.head.status()[0].setAside == 0)
        // A row may be spelled another way.
        try pair.branchDatabase.run("update item set id = '\(third)'")
        try await pair.sync()
        #expect(try stored(pair) == "<\(third)> a")
        try pair.branchDatabase.run("insert into item values ('\(first)', 'c')")
        try await pair.sync()
        try pair.branchDatabase.run("delete from item where id = '\(third)'")
        try await pair.sync()
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try stored(pair) == "<\(first)> c")
        #expect(try await pair.verify().agrees)
    }

    /// The collation of a column is not that of its key: both rows have room, and each is deleted by its own name.
    @Test func aColumnWhoseKeyIsExactHasRoomForBoth() async throws {
        let pair = try await pair(
            .sqlite,
            """
            create table item (branch_id text, id text collate nocase, v text,
                primary key (branch_id, id collate binary))
            """)
        try pair.branchDatabase.run("insert into item values ('Pen', 'a'), ('pen', 'b')")
        try await pair.sync()
        try pair.branchDatabase.run("delete from item where id = 'pen'")
        try await pair.sync()
        #expect(try stored(pair) == "<Pen> a")
    }

    /// A table that is nothing but its key.
    @Test func aRowOfNothingButItsKeyIsSetAsideToo() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .sqlite), branch: "create table item (id text primary key)",
            tables: ["item"],
            head: "create table item (branch_id text, id text collate nocase, primary key (branch_id, id))")
        try pair.branchDatabase.run("insert into item values ('Pen'), ('pen')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item") == "Pen")
        #expect(try await pair.head.status()[0].setAside == 1)
        try pair.branchDatabase.run("update item set id = 'pEN' where id = 'Pen'; delete from item where id = 'pen'")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item") == "pEN")
    }

    /// Where both ends ignore case, a row that is spelled another way is still one row.
    @Test func whereBothEndsIgnoreCaseASpellingTravels() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .sqlite),
            branch: "create table item (id text collate nocase primary key, v text)", tables: ["item"],
            head: Self.tables[0].sql)
        try pair.branchDatabase.run("insert into item values ('Pen', 'a')")
        try await pair.sync()
        try pair.branchDatabase.run("update item set id = 'pen', v = 'b'")
        try await pair.sync()
        #expect(try stored(pair) == "<pen> b")
        try pair.branchDatabase.run("insert or replace into item values ('PEN', 'c')")
        try await pair.sync()
        #expect(try stored(pair) == "<PEN> c")
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
    }

    @Test func theSameHoldsAtABranch() async throws {
        let fleet = try await SQLiteDownFleet(
            ["east"], head: "create table price (code text primary key, amount int)",
            [TableRule(TableName("price"), direction: .down)],
            branch: "create table price (code text collate nocase primary key, amount int)")
        try fleet.headDatabase.run("insert into price values ('Pen', 1), ('pen', 2)")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select * from price") == "Pen|1")
        try fleet.headDatabase.run("delete from price where code = 'pen'")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select * from price") == "Pen|1")
        #expect(try await fleet.verify("east").agrees)
    }
}
