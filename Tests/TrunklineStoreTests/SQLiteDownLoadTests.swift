import Testing
import TrunklineCore
import TrunklineTesting

/// A load reads the table: it is resumable, nothing is logged of it, and neither it nor live changes wait for the other.
struct SQLiteDownLoadTests {
    private static let price = "create table price (id integer primary key, amount int)"
    private static let rule = TableRule(TableName("price"), direction: .down)

    private static func rows(_ count: Int) -> String {
        "with recursive n (i) as (values (1) union all select i + 1 from n where i < \(count)) insert into price select i, i from n"
    }

    @Test func aBranchThatIsAddedLaterGetsWhatThereIsWithoutALineOfTheLog() async throws {
        let fleet = try await SQLiteDownFleet(adding: ["west"], head: Self.price, [Self.rule])
        try fleet.headDatabase.run(Self.rows(50))
        try await fleet.sync("west")
        #expect(try await fleet.head.addBranch(OfficeID("east")!, brokerUser: "east"))
        #expect(try await fleet.pending("east") == 50)
        #expect(try fleet.headDatabase.run("select count(*) from trunkline_change where destination = 'east'") == "0")
        #expect(try await fleet.sync("east", changes: 20) == [20, 20, 10])
        #expect(try await fleet.pending("east") == 0)
        #expect(try await fleet.verify("east").agrees)
    }

    @Test func liveChangesAndALoadTakeTurns() async throws {
        let fleet = try await SQLiteDownFleet(
            ["east"], adding: [], head: "\(Self.price); \(Self.rows(40))", [Self.rule])
        _ = try await fleet.head.addBranch(OfficeID("east")!, brokerUser: "east")
        var sizes: [Int] = []
        for round in 1...6 {
            try fleet.headDatabase.run("update price set amount = amount + 100 where id in (40, \(round))")
            guard let claimed = try await fleet.claim("east", changes: 10) else { break }
            sizes.append(claimed.changes)
            try await fleet.deliver(claimed, to: "east")
            try await fleet.deliverAcks("east")
        }
        #expect(sizes.prefix(4) == [10, 3, 10, 3])
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select sum(amount), count(*) from price") == "2020|40")
        #expect(try await fleet.verify("east").agrees)
    }

    @Test func anotherProcessGoesOnWithALoadThatOneLeft() async throws {
        let fleet = try await SQLiteDownFleet(
            ["east"], adding: [], head: "\(Self.price); \(Self.rows(30))", [Self.rule])
        _ = try await fleet.head.addBranch(OfficeID("east")!, brokerUser: "east")
        // Claimed and never sent: the process died.
        let lost = try #require(try await fleet.claim("east", changes: 10))
        await fleet.head.close()
        // The rows move within the interval, and out of it.
        try fleet.headDatabase.run("delete from price where id = 5; update price set id = 100 where id = 6")
        let policy = StalePolicy(timeout: .zero, ceiling: .zero)
        #expect(try await fleet.head.resetStale(of: lost.stream, policy: policy, quietFor: .seconds(1)) == 1)
        try await fleet.sync("east", changes: 10)
        #expect(try fleet.database("east").run("select count(*), max(id) from price") == "29|100")
        #expect(try await fleet.verify("east").agrees)
    }

    @Test func aPieceThatIsSplitLeavesTheRestToTheLoad() async throws {
        let fleet = try await SQLiteDownFleet(
            ["east"], adding: [], head: "\(Self.price); \(Self.rows(30))", [Self.rule])
        _ = try await fleet.head.addBranch(OfficeID("east")!, brokerUser: "east")
        let claimed = try #require(try await fleet.claim("east", changes: 20))
        let second = try #require(try await fleet.claim("east", changes: 5))
        // More rows are there than when it was formed.
        let split = try #require(try await fleet.head.splitBatch(claimed, keeping: 3))
        #expect(split.changes == 3)
        #expect(try await fleet.read(split).map(\.rowCount) == [3])
        try await fleet.deliver(split, to: "east")
        try await fleet.deliver(second, to: "east")
        try await fleet.deliverAcks("east")
        #expect(try await fleet.pending("east") == 22)
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select count(*) from price") == "30")
    }

    @Test func aTableThatStandsStillKeepsItsPieceAndItsChanges() async throws {
        let fleet = try await SQLiteDownFleet(
            ["east"], adding: [], head: "\(Self.price); \(Self.rows(10))", [Self.rule])
        _ = try await fleet.head.addBranch(OfficeID("east")!, brokerUser: "east")
        let claimed = try #require(try await fleet.claim("east"))
        try fleet.headDatabase.run("alter table price rename to prices")
        #expect(try await fleet.read(claimed).isEmpty)
        try fleet.headDatabase.run("alter table prices rename to price")
        try await fleet.deliver(claimed, to: "east")
        try await fleet.deliverAcks("east")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select count(*) from price") == "10")
    }

    @Test func keysOfEveryKindAreLoadedOnce() async throws {
        let table = "create table thing (a text collate nocase, b, n int, primary key (a, b))"
        let fleet = try await SQLiteDownFleet(
            ["east"], adding: [], head: table, [TableRule(TableName("thing"), direction: .down)],
            branch: "create table thing (a text, b text, n int, primary key (a, b))")
        try fleet.headDatabase.run(
            """
            insert into thing values ('a', 1, 1), ('A', 'x', 2), ('b', 'y', 3), ('ä', 'z', 4), ('', '', 5), ('c', 1.5, 6);
            insert into thing values (null, 'n', 7)
            """)
        _ = try await fleet.head.addBranch(OfficeID("east")!, brokerUser: "east")
        #expect(try await fleet.sync("east", changes: 2).reduce(0, +) == 6)
        #expect(try fleet.database("east").run("select sum(n) from thing") == "21")
        // The one without a key is set aside here, with its reason.
        #expect(try await fleet.head.status()[0].setAside == 1)
    }

    @Test func aResyncOfOneBranchConcernsNoOther() async throws {
        let fleet = try await SQLiteDownFleet(head: "\(Self.price); \(Self.rows(10))", [Self.rule])
        try await fleet.syncAll()
        #expect(try await fleet.head.resync(TableName("price"), to: OfficeID("east")) == 10)
        #expect(try await fleet.sync("west") == [])
        #expect(try await fleet.sync("east") == [10])
        #expect(try await fleet.head.resync(nil, to: nil) == 10)
        #expect(try await fleet.sync("west") == [10])
        let refused = await #expect(throws: StoreError.self) {
            try await fleet.head.resync(nil, to: OfficeID("nowhere"))
        }
        #expect(refused?.code == .configuration)
    }

    @Test func whatTriggersMissedIsLoadedForEveryStream() async throws {
        let fleet = try await SQLiteDownFleet(head: "\(Self.price); \(Self.rows(3))", [Self.rule])
        try await fleet.syncAll()
        try fleet.headDatabase.run(
            """
            create table fresh (id integer primary key, amount int); insert into fresh select id, 7 from price;
            drop table price; alter table fresh rename to price
            """)
        try await fleet.syncAll()
        for name in ["east", "west"] {
            #expect(try fleet.database(name).run("select sum(amount) from price") == "21")
        }
    }
}
