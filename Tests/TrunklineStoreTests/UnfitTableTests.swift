import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Tables of a branch that the head cannot take: their rows are set aside with the way out, the rest of the batch is
/// stored, and nothing is thrown.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct UnfitTableTests {
    private static let item = "create table item (id integer primary key, name text, n integer);"

    /// Sends a row of a strange table and one of an ordinary table in one batch.
    private func refuses(
        _ pairing: Pairing, _ table: String, _ strange: String, head: String = "", because words: String
    ) async throws {
        let pair = try await Pair(pairing, branch: Self.item + strange, tables: ["item", table], head: head)
        try pair.branchDatabase.run("insert into item values (1, 'a', 1)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "1")
        let status = try await pair.branch.status()[0]
        #expect(status.setAside == 1 && status.pending == 0 && status.watermark == status.lastFormed)
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.contains { $0.contains(words) }, "\(reasons)")
    }

    @Test(arguments: Pairing.all) func aColumnNamedBranchID(pairing: Pairing) async throws {
        try await refuses(
            pairing, "t", "create table t (id integer primary key, branch_id int); insert into t values (1, 1)",
            because: "branch_id of its own")
    }

    @Test func namesOfSystemColumnsFromSQLite() async throws {
        try await refuses(
            Pairing(branch: .sqlite, head: .postgres), "t",
            "create table t (id integer primary key, xmin int, ctid int); insert into t values (1, 1, 1)",
            because: "cannot be made here")
    }

    @Test func aKeyOfJSON() async throws {
        try await refuses(
            Pairing(branch: .sqlite, head: .postgres), "t",
            "create table t (id json primary key not null); insert into t values ('{}')", because: "cannot be made here"
        )
    }

    @Test func aKeyOfThirtyThreeColumns() async throws {
        let columns = (1...33).map { "c\($0)" }
        try await refuses(
            Pairing(branch: .sqlite, head: .postgres), "t",
            """
            create table t (\(columns.map { "\($0) int not null" }.joined(separator: ", ")),
                primary key (\(columns.joined(separator: ", "))));
            insert into t values (\(columns.map { _ in "1" }.joined(separator: ", ")))
            """, because: "cannot be made here")
    }

    @Test func namesLongerThanPostgreSQLKeeps() async throws {
        let name = String(repeating: "a", count: 64)
        try await refuses(
            Pairing(branch: .sqlite, head: .postgres), name,
            "create table \(name) (id integer primary key); insert into \(name) values (1)", because: "63 bytes")
    }

    @Test func columnsThatDifferInCaseOnly() async throws {
        try await refuses(
            Pairing(branch: .postgres, head: .sqlite), "t",
            "create table t (id integer primary key, \"Name\" text, name text); insert into t values (1, 'a', 'b')",
            because: "duplicate column name")
    }

    @Test(arguments: [
        (Pairing(branch: .postgres, head: .postgres), "create view t as select 1 as id", "is a view"),
        (Pairing(branch: .sqlite, head: .postgres), "create table x (id int); create index t on x (id)", "is an index"),
        (Pairing(branch: .postgres, head: .postgres), "create type t as (id int)", "is a type"),
        (Pairing(branch: .postgres, head: .postgres), "create domain t as int", "cannot be made here"),
        (Pairing(branch: .postgres, head: .sqlite), "create view t as select 1 as id", "is a view"),
        (Pairing(branch: .sqlite, head: .sqlite), "create table x (id int); create index t on x (id)", "is an index"),
    ]) func somethingElseOfThatName(_ given: (Pairing, String, String)) async throws {
        try await refuses(
            given.0, "t", "create table t (id integer primary key); insert into t values (1)", head: given.1,
            because: given.2)
    }

    /// The table was renamed at the head and a view put into its place, after rows had been stored into it.
    @Test(arguments: Pairing.all) func aViewInThePlaceOfATable(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.item, tables: ["item"])
        try pair.branchDatabase.run("insert into item values (1, 'a', 1)")
        try await pair.sync()
        try pair.headDatabase.run(
            "alter table item rename to item_data; create view item as select * from item_data where n < 0")
        try pair.branchDatabase.run("insert into item values (2, 'b', 2)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item_data") == "1")
        #expect(try await pair.branch.status()[0].setAside == 1)
    }

    @Test func noPrivilegeOnOneTable() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .postgres), branch: Self.item + "create table t (id integer primary key);",
            tables: ["item", "t"])
        try pair.branchDatabase.run("insert into t values (1); insert into item values (1, 'a', 1)")
        try await pair.sync()
        let url = try pair.headDatabase.roleWithout("t")
        let limited = try Pair.store(url: url)
        try pair.branchDatabase.run("insert into t values (2); insert into item values (2, 'b', 2)")
        let batch = try #require(try await pair.nextBatch())
        guard case .stored(2, 0, 1, let first?) = try await limited.receive(batch, parking: false) else {
            throw TestFailure("not stored")
        }
        #expect(first.table == TableName("t") && first.reason.contains("permission denied"))
        #expect(try pair.headDatabase.run("select count(*) from item") == "2")
        await limited.close()
    }

    /// A database of another encoding cannot even hold what it cannot store, as text.
    @Test func aHeadInLatin1() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .postgres), headEncoding: "LATIN1", branch: Self.item, tables: ["item"])
        try pair.branchDatabase.run("insert into item values (1, '€', 1), (2, 'ä', 2)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item") == "2")
        #expect(try await pair.branch.status()[0].setAside == 1)
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 10) == RetryOutcome(tried: 1, stored: 0))
        try pair.branchDatabase.run("update item set name = 'Euro' where id = 1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "2")
        #expect(try await pair.head.status()[0].setAside == 0)
    }
}

extension UnfitTableTests {
    @Test func rowsThatAHeadInLatin1CannotSayAreListed() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .postgres), headEncoding: "LATIN1",
            branch: "create table item (id text primary key, v text)", tables: ["item"])
        try pair.branchDatabase.run("insert into item values ('ä', 'a'), ('€', 'b'), ('x', 'c')")
        try await pair.sync()
        try pair.branchDatabase.run("update item set v = '€ ' || id where id <> '€'")
        try await pair.sync()
        let listing = try await pair.head.rows(of: TableName("item"), matching: RowFilter())
        let id = try #require(listing.columns.firstIndex(of: "id"))
        #expect(Set(listing.rows.map { $0.values[id] }) == ["ä", "€", "x"] && listing.rows.count == 3)
        #expect(listing.rows.allSatisfy { $0.state == .setAside && $0.reason?.contains("encoding") == true })
        // Where the table is gone, too.
        try pair.headDatabase.run("drop table item")
        let keys = try await pair.head.rows(of: TableName("item"), matching: RowFilter()).rows.map { $0.values[1] }
        #expect(Set(keys) == ["[\"ä\"]", "[\"€\"]", "[\"x\"]"])
    }
}

extension ReceiverStore {
    /// The reasons that this receiver keeps, as its next ack would tell them.
    func reasons(of stream: StreamID) async throws -> [String] {
        try await receiving("test", "reasons") { (transaction) throws(StoreError) in
            try transaction.beginListAnew(after: 0, stream)
            try transaction.leaveAck(stream)
        }
        return try await pendingAcks(limit: 10).flatMap { $0.ack.setAside ?? [] }.map(\.reason)
    }
}
