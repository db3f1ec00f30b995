import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Keys that another database, another type or another collation takes for something else.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct DownKeyTests {
    private static let fromPostgres = Pairing.all.filter { $0.head == .postgres }

    /// The operators of an extension's type are not in `pg_catalog`, where a comparison would find those of text.
    @Test(arguments: fromPostgres) func aKeyOfAnExtensionsTypeIsLoadedWhole(_ pairing: Pairing) async throws {
        let rule = TableRule(TableName("word"), direction: .down)
        let pair = try await DownPair(
            pairing,
            head: """
                create extension citext; create table word (k citext, id integer, primary key (k, id));
                insert into word select case when n % 3 = 0 then upper(md5(n::text)) else md5(n::text) end, n
                    from generate_series(1, 50) n;
                insert into word values ('ZZZ', 0), ('paper', 0);
                """,
            branch: "create table word (k text, id integer, primary key (k, id));", [rule])
        try await pair.sync(changes: 7)
        #expect(try pair.rows("select count(*) from word") == "52")
        _ = try await pair.head.resync(TableName("word"), to: nil)
        try await pair.sync(changes: 10)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all.filter { $0.branch == .postgres })
    func keysThatTheBranchsTypeTakesForOneStayTwo(_ pairing: Pairing) async throws {
        let rule = TableRule(TableName("item"), direction: .down)
        let pair = try await DownPair(
            pairing, head: "create table item (k text primary key, n integer); insert into item values ('7', 1);",
            branch: "create table item (k integer primary key, n integer);", [rule])
        try await pair.sync()
        try pair.headDatabase.run("insert into item values ('07', 2), ('8', 3)")
        try await pair.sync()
        #expect(try pair.rows("select k, n from item order by k") == "7|1\n8|3")
        #expect(try await pair.sending().setAside == 1)
        try pair.headDatabase.run("delete from item where k = '07'")
        try await pair.sync()
        #expect(try pair.rows("select k, n from item order by k") == "7|1\n8|3")
        #expect(try await pair.sending().setAside == 0)
        try pair.headDatabase.run("delete from item where k = '8'")
        try await pair.sync()
        #expect(try pair.rows("select k from item") == "7")
    }

    /// Neither the publisher nor a writer at the head stumbles over two collations.
    @Test(arguments: fromPostgres) func columnsHaveCollationsOfTheirOwn(_ pairing: Pairing) async throws {
        let mapping = TableRoute.mapping(
            column: "region", through: TableName("region_branch"), from: "region", to: "branch_id")
        let rules = [
            TableRule(TableName("word"), direction: .down),
            TableRule(TableName("promotion"), direction: .down, route: mapping),
        ]
        let pair = try await DownPair(
            pairing,
            head: """
                create table word (k text collate "de-x-icu" primary key, n integer);
                create table region_branch (region text collate "C", branch_id text, primary key (region, branch_id));
                create table promotion (id integer primary key, region text collate "de-x-icu");
                insert into word values ('ä', 1), ('z', 2); insert into region_branch values ('north', 'east');
                insert into promotion values (1, 'north'), (2, 'south');
                """,
            branch: """
                create table word (k text primary key, n integer);
                create table promotion (id integer primary key, region text);
                """, rules)
        try await pair.sync()
        try pair.headDatabase.run(
            "update word set n = 3; update promotion set region = 'north' where id = 2; delete from word where k = 'z'")
        try await pair.sync()
        #expect(try pair.rows("select k, n from word") == "ä|3")
        #expect(try pair.rows("select id from promotion order by id") == "1\n2")
        try pair.headDatabase.run("update region_branch set region = 'south'")
        try await pair.sync()
        #expect(try pair.rows("select count(*) from promotion") == "0")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: fromPostgres) func tablesWhoseNamesSQLiteTakesForOneAreKeptApart(_ pairing: Pairing) async throws {
        guard pairing.branch == .sqlite else { return }
        let rules = ["Case", "case"].map { TableRule(TableName($0), direction: .down) }
        let pair = try await DownPair(
            pairing,
            head: """
                create table "Case" (id integer primary key, n integer); insert into "Case" values (1, 1);
                create table "case" (id integer primary key, n integer); insert into "case" values (1, 2), (2, 2);
                """,
            branch: "", rules, taking: [], acceptsNew: true)
        try await pair.sync()
        let rows = try pair.rows("select id, n from \"Case\" order by id")
        #expect(rows == "1|1" || rows == "1|2\n2|2")
        #expect(try await pair.sending().setAside == 1)
        try pair.headDatabase.run("delete from \"Case\"; delete from \"case\" where id = 2")
        try await pair.sync()
        #expect(try pair.rows("select id, n from \"Case\"") == (rows == "1|1" ? "" : "1|2"))
    }

    @Test(arguments: Pairing.all) func aKeyThatIsTooLongIsSetAsideByItsSender(_ pairing: Pairing) async throws {
        let rule = TableRule(TableName("word"), direction: .down)
        let schema = "create table word (k text primary key, n integer);"
        let pair = try await DownPair(pairing, head: schema, branch: schema, [rule])
        try await pair.sync()
        // Of backslashes COPY makes two each.
        try pair.headDatabase.run(
            pairing.head == .postgres
                ? #"set default_toast_compression = 'lz4'; insert into word values (repeat('\', 600000), 1), ('a', 2)"#
                : #"insert into word values (replace(hex(zeroblob(300000)), '0', '\'), 1), ('a', 2)"#)
        try await pair.sync()
        #expect(try pair.rows("select k, n from word") == "a|2")
        #expect(try await pair.sending().setAside == 1)
        try pair.headDatabase.run("delete from word where n = 1; update word set n = 3 where k = 'a'")
        try await pair.sync()
        #expect(try pair.rows("select k, n from word") == "a|3")
    }

    /// The other end names keys as it likes.
    @Test(arguments: Pairing.all) func aKeyWithOtherColumnsThanTheTablesIsNone(_ pairing: Pairing) async throws {
        let rule = TableRule(TableName("word"), direction: .down)
        let schema = "create table word (k integer primary key, n integer);"
        let pair = try await DownPair(pairing, head: schema + "insert into word values (1, 1);", branch: schema, [rule])
        try await pair.sync()
        try await pair.head.sendAgain(
            [RowKey([]), RowKey(["1", "2"]), RowKey(["1"])], of: TableName("word"), in: DownPair.stream(DownPair.east))
        #expect(try await pair.sync() == 1)
    }
}
