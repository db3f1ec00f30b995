import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// A key has one text wherever it is named, and where equal keys have several texts, each is a key of its own.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct KeySpellingTests {
    static let fromPostgres = [
        Pairing(branch: .postgres, head: .postgres), Pairing(branch: .postgres, head: .sqlite),
    ]

    private func head(_ pair: Pair, _ columns: String) throws -> String {
        try pair.headDatabase.run("select \(columns) from item where branch_id = 'east' order by 1")
    }

    /// `char(n)` is padded in an image and cut in `::text`, `boolean` is `t` and `true`.
    @Test(arguments: fromPostgres) func deletesNameKeysAsImagesDo(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id char(5), yes boolean, n int, primary key (id, yes))",
            tables: ["item"])
        try pair.branchDatabase.run("insert into item values ('AB', true, 1), ('CD', false, 2)")
        try await pair.sync()
        try pair.branchDatabase.run("delete from item where id = 'AB'; update item set id = 'EF'")
        try await pair.sync()
        #expect(try head(pair, "trim(id), n") == "EF|2")
        #expect(try await pair.verify().agrees)
    }

    /// The view is for people, whose sessions write values as they like.
    @Test func theStatesAreRightInAnySession() async throws {
        let pair = try await Pair(
            Self.fromPostgres[0], branch: "create table item (id timestamptz primary key, n int)", tables: ["item"])
        try pair.branchDatabase.run("insert into item values ('2026-01-01 12:00+00', 1)")
        #expect(
            try pair.branchDatabase.run(
                "set timezone = 'Asia/Tokyo'; set datestyle = 'German'; select state, deleted from trunkline.row_status"
            )
                == "pending|f")
    }

    @Test(arguments: fromPostgres) func aSetAsideRowThatIsDeletedIsGone(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id char(5), yes boolean, n int, primary key (id, yes))",
            tables: ["item"],
            head: """
                create table item (branch_id text, id char(5), yes boolean, n int check (n > 0),
                    primary key (branch_id, id, yes))
                """)
        try pair.branchDatabase.run("insert into item values ('AB', true, -1)")
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside == 1)
        if pairing.branch == .postgres {
            #expect(try pair.branchDatabase.run("select state from trunkline.row_status") == "set aside")
        }
        try pair.branchDatabase.run("delete from item")
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    @Test(arguments: fromPostgres, ["numeric:1.0:1.00", "interval:1 day:24 hours", "jsonb:{\"a\": 1.0}:{\"a\": 1.00}"])
    func anEqualKeyOfAnotherTextIsAnotherKey(pairing: Pairing, values: String) async throws {
        let parts = values.split(separator: ":", maxSplits: 2).map(String.init)
        let type = parts[0]
        let (before, after) =
            type == "jsonb" ? ("{\"a\": 1.0}", "{\"a\": 1.00}") : (parts[1], parts[2])
        let pair = try await Pair(
            pairing, branch: "create table item (id \(type) primary key, v text)", tables: ["item"])
        try pair.branchDatabase.run("insert into item values ('\(before)', 'a')")
        try await pair.sync()
        try pair.branchDatabase.run("update item set id = '\(after)', v = 'b'")
        try await pair.sync()
        #expect(try head(pair, "v") == "b")
        #expect(try await pair.verify().agrees)
        try pair.branchDatabase.run("delete from item")
        try await pair.sync()
        #expect(try head(pair, "v").isEmpty)
    }

    @Test func lettersWhoseCaseIsIgnoredAreKeysOfTheirOwn() async throws {
        let collation =
            "create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        let pair = try await Pair(
            branch: collation + "create table item (id text collate folded primary key, v text)", tables: ["item"])
        try pair.branchDatabase.run("insert into item values ('Ann', 'a')")
        try await pair.sync()
        try pair.branchDatabase.run("update item set id = 'ANN', v = 'b'")
        try await pair.sync()
        #expect(try head(pair, "id, v") == "ANN|b")
    }

    /// Two rows of the sender whose keys are one value in the receiver's type: neither overwrites the other.
    @Test(
        arguments: [DatabaseKind.postgres, .sqlite], ["citext:Pen:pen", "text collate folded:Pen:pen", "numeric:1:1.0"])
    func keysThatAreOneHereStayTwo(branch: DatabaseKind, values: String) async throws {
        let parts = values.split(separator: ":").map(String.init)
        let pair = try await Pair(
            Pairing(branch: branch, head: .postgres), branch: "create table item (id text primary key, v text)",
            tables: ["item"],
            head: """
                create extension citext;
                create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                create table item (branch_id text, id \(parts[0]), v text, primary key (branch_id, id));
                """)
        try pair.branchDatabase.run("insert into item values ('\(parts[1])', 'a')")
        try await pair.sync()
        // Both new and changed rows.
        for change in ["insert into item values ('\(parts[2])', 'b')", "update item set v = 'c' where v = 'b'"] {
            try pair.branchDatabase.run(change)
            try await pair.sync()
            #expect(try head(pair, "id, v") == "\(parts[1])|a")
            let told = try await pair.branch.rows(of: TableName("item"), matching: RowFilter()).rows
            #expect(told.compactMap(\.reason).first?.contains("differ only by what the type or the collation") == true)
        }
        try pair.branchDatabase.run("delete from item where v = 'a'")
        try await pair.sync()
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try head(pair, "id, v") == "\(parts[2])|c")
        // Two that come at once.
        try pair.branchDatabase.run("delete from item")
        try await pair.sync()
        try pair.branchDatabase.run("insert into item values ('\(parts[1])', 'a'), ('\(parts[2])', 'b')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "1")
        #expect(try await pair.head.status()[0].setAside == 1)
    }

    /// A row whose key is spelled another way, and that others refer to: it can go under neither name, and is respelled.
    @Test(arguments: ["citext", "text collate folded"])
    func aRespelledKeyThatOthersReferToKeepsItsRow(type: String) async throws {
        let item = """
            create extension citext;
            create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            create table item (id \(type) primary key, v text);
            """
        let pair = try await DownPair(
            Pairing(branch: .postgres, head: .postgres), head: item,
            branch: item + "create table sale (n integer primary key, item \(type) references item)",
            [TableRule(TableName("item"), direction: .down)])
        try pair.headDatabase.run("insert into item values ('abc', '1'), ('def', '2')")
        try await pair.sync()
        _ = try pair.rows("insert into sale values (1, 'abc')")
        try pair.headDatabase.run("update item set id = 'ABC', v = '3' where id = 'abc'")
        try await pair.sync()
        #expect(try pair.rows("select id, v from item order by v") == "def|2\nABC|3")
        try pair.headDatabase.run("update item set v = '4' where id = 'ABC'")
        try await pair.sync()
        #expect(try pair.rows("select id, v from item order by v") == "def|2\nABC|4")
        #expect(try await pair.branches[DownPair.east]!.store.status().allSatisfy { $0.setAside == 0 })
        #expect(try await pair.verify().agrees)
    }

    /// Where both ends take the two for one there is one row, and no delete of the other spelling need follow.
    @Test func aNumberOfAnotherScaleIsTheSameRow() async throws {
        let pair = try await Pair(
            branch: "create table item (id numeric primary key, v text)", tables: ["item"],
            head: "create table item (branch_id text, id numeric, v text, primary key (branch_id, id))")
        try pair.branchDatabase.run("insert into item values (1, 'a'), (2, 'b')")
        try await pair.sync()
        try pair.branchDatabase.run("alter table item alter id type numeric(12, 2)")
        try await pair.initialiseBranch(["item"])
        try await pair.sync()
        #expect(try head(pair, "id, v") == "1.00|a\n2.00|b")
        #expect(try await pair.head.status()[0].setAside == 0)
    }

    /// What is retried is the last image, whatever its key is written like.
    @Test func anOlderImageNeverWins() async throws {
        let pair = try await Pair(
            branch: "create table item (id numeric primary key, v text)", tables: ["item"],
            head: """
                create table item (branch_id text, id numeric, v text constraint good check (v <> 'bad'),
                    primary key (branch_id, id))
                """)
        try pair.branchDatabase.run("insert into item values (1.0, 'bad')")
        try await pair.sync()
        try pair.branchDatabase.run("update item set id = 1.00, v = 'good'")
        try await pair.sync()
        try pair.headDatabase.run("alter table item drop constraint good")
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try head(pair, "v") == "good")
    }
}
