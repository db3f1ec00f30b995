import Testing
import TrunklineCore
import TrunklineTesting

/// Which branch gets which of the head's rows, from a SQLite file: by construction, also when a row's route changes.
struct SQLiteDownRouteTests {
    private static let price = "create table price (id integer primary key, amount int)"
    private static let note = "create table note (id integer primary key, branch text, body text)"
    private static let item =
        "create table item (code text primary key, region text); create table region (name text primary key, office text)"
    private static let byRegion = TableRule(
        TableName("item"), direction: .down,
        route: .mapping(column: "region", through: TableName("region"), from: "name", to: "office"))
    private static let byBranch = TableRule(TableName("note"), direction: .down, route: .column("branch"))

    @Test func insertUpdateDeleteAndKeyChangeReachEveryBranch() async throws {
        let fleet = try await SQLiteDownFleet(head: Self.price, [TableRule(TableName("price"), direction: .down)])
        try fleet.headDatabase.run("insert into price values (1, 10), (2, 20), (3, 30)")
        try await fleet.syncAll()
        try fleet.headDatabase.run(
            "update price set amount = 11 where id = 1; delete from price where id = 2; update price set id = 9 where id = 3"
        )
        try await fleet.syncAll()
        for name in ["east", "west"] {
            #expect(try fleet.database(name).run("select * from price order by id") == "1|11\n9|30")
            #expect(try await fleet.verify(name).agrees)
        }
    }

    @Test func aRowWhoseColumnNamesAnotherBranchLeavesOneAndEntersTheOther() async throws {
        let fleet = try await SQLiteDownFleet(head: Self.note, [Self.byBranch])
        try fleet.headDatabase.run(
            "insert into note values (1, 'east', 'a'), (2, 'west', 'b'), (3, null, 'c'), (4, 'nowhere', 'd')")
        try await fleet.syncAll()
        #expect(try fleet.database("east").run("select id from note") == "1")
        #expect(try fleet.database("west").run("select id from note") == "2")
        // Of the others there is no line, since nobody would read it.
        try fleet.headDatabase.run("update note set body = 'x' where id in (3, 4)")
        #expect(try fleet.headDatabase.run("select count(*) from trunkline_change where key in ('3', '4')") == "0")
        try fleet.headDatabase.run(
            "update note set branch = 'west' where id = 1; update note set branch = 'east' where id = 3")
        try await fleet.syncAll()
        #expect(try fleet.database("east").run("select id from note") == "3")
        #expect(try fleet.database("west").run("select id from note order by id") == "1\n2")
        #expect(try await fleet.verify("east").agrees)
        #expect(try await fleet.verify("west").agrees)
    }

    @Test func aRegionThatMovesTakesItsRowsAlong() async throws {
        let fleet = try await SQLiteDownFleet(head: Self.item, [Self.byRegion])
        try fleet.headDatabase.run(
            """
            insert into region values ('north', 'east'), ('south', 'west');
            insert into item values ('a', 'north'), ('b', 'south'), ('c', 'north')
            """)
        try await fleet.syncAll()
        #expect(try fleet.database("east").run("select code from item order by 1") == "a\nc")
        try fleet.headDatabase.run("update region set office = 'west' where name = 'north'")
        try await fleet.syncAll()
        #expect(try fleet.database("east").run("select count(*) from item") == "0")
        #expect(try fleet.database("west").run("select code from item order by 1") == "a\nb\nc")
        // REPLACE evicts the mapping without a trigger's notice.
        try fleet.headDatabase.run("insert or replace into region values ('north', 'east')")
        try await fleet.syncAll()
        #expect(try fleet.database("east").run("select code from item order by 1") == "a\nc")
        #expect(try fleet.database("west").run("select code from item order by 1") == "b")
        try fleet.headDatabase.run("delete from region where name = 'south'")
        try await fleet.syncAll()
        #expect(try fleet.database("west").run("select count(*) from item") == "0")
        for name in ["east", "west"] { #expect(try await fleet.verify(name).agrees) }
    }

    @Test func aFilterThatBecomesFalseTakesTheRowAway() async throws {
        let rule = TableRule(TableName("price"), direction: .down, filter: "amount > 10 -- more than ten")
        let fleet = try await SQLiteDownFleet(["east"], head: Self.price, [rule])
        try fleet.headDatabase.run("insert into price values (1, 10), (2, 20), (3, null)")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select id from price") == "2")
        try fleet.headDatabase.run(
            "update price set amount = 5 where id = 2; update price set amount = 50 where id = 3")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select id from price") == "3")
        #expect(try await fleet.verify("east").agrees)
    }

    @Test func aFilterThatCannotBeEvaluatedIsRefusedByInit() async throws {
        let fleet = try await SQLiteDownFleet(["east"], head: Self.price, [])
        let rule = TableRule(TableName("price"), direction: .down, filter: "price.missing = 1")
        let refused = await #expect(throws: StoreError.self) { try await fleet.initialiseHead([rule]) }
        #expect(refused?.code == .table && refused?.reason.contains("where") == true)
    }

    @Test func aRouteThatInitChangesTakesRowsAwayWhereTheyDoNotBelong() async throws {
        let all = TableRule(TableName("note"), direction: .down)
        let fleet = try await SQLiteDownFleet(head: Self.note, [all])
        try fleet.headDatabase.run("insert into note values (1, 'east', 'a'), (2, 'west', 'b')")
        try await fleet.syncAll()
        #expect(try fleet.database("west").run("select count(*) from note") == "2")
        try await fleet.initialiseHead([Self.byBranch])
        try await fleet.syncAll()
        #expect(try fleet.database("east").run("select id from note") == "1")
        #expect(try fleet.database("west").run("select id from note") == "2")
    }

    @Test func aTableWhoseMappingIsDroppedStandsStillAndTheOthersGoOn() async throws {
        let rules = [Self.byRegion, TableRule(TableName("price"), direction: .down)]
        let fleet = try await SQLiteDownFleet(["east"], head: "\(Self.item); \(Self.price)", rules)
        try fleet.headDatabase.run(
            "insert into region values ('north', 'east'); insert into item values ('a', 'north')")
        try await fleet.sync("east")
        try fleet.headDatabase.run("alter table region rename to regions; insert into price values (1, 1)")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select id from price") == "1")
        let standing = try await fleet.head.status()[0].standing
        #expect(standing.map(\.table) == [TableName("item")] && standing[0].reason.contains("\"region\""))
        // The application's own writes go on.
        try fleet.headDatabase.run("insert into item values ('b', 'north'); alter table regions rename to region")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select code from item order by 1") == "a\nb")
        #expect(try await fleet.verify("east").agrees)
    }
}
