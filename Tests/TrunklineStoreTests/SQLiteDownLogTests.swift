import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// One log for many streams: what it costs where some of them are far behind, and who has something to do.
struct SQLiteDownLogTests {
    private static let price = "create table price (id integer primary key, amount int)"
    private static let note = "create table note (id integer primary key, branch text)"
    private static let rules = [
        TableRule(TableName("price"), direction: .down),
        TableRule(TableName("note"), direction: .down, route: .column("branch")),
    ]

    private func fleet(_ names: [String] = ["east", "west"]) async throws -> SQLiteDownFleet {
        try await SQLiteDownFleet(names, head: "\(Self.price); \(Self.note)", Self.rules)
    }

    private func lines(_ fleet: SQLiteDownFleet) throws -> String {
        try fleet.headDatabase.run("select count(*) from trunkline_change")
    }

    @Test func linesForAllGoWhenTheLastBranchHasThem() async throws {
        let fleet = try await fleet()
        try await fleet.syncAll()
        try fleet.headDatabase.run("insert into price values (1, 1), (2, 2); insert into note values (1, 'east')")
        try await fleet.sync("east")
        while try await fleet.head.prune(fleet.stream("east")) > 0 {}
        #expect(try await !fleet.head.pruneShared())
        #expect(try lines(fleet) == "2")
        try await fleet.sync("west")
        #expect(try await fleet.head.pruneShared())
        #expect(try lines(fleet) == "0")
        #expect(try await !fleet.head.pruneShared())
    }

    @Test func theLogOfABranchThatIsAwayIsCompactedAndLosesNothing() async throws {
        let fleet = try await fleet(["east", "mid", "west"])
        try await fleet.syncAll()
        try fleet.headDatabase.run("insert into price values (1, 0), (2, 0), (3, 0)")
        // West has a batch in flight when it goes away, mid stays in the middle.
        let lost = try #require(try await fleet.claim("west", changes: 2))
        for name in ["east", "mid"] { try await fleet.sync(name) }
        var rounds = 0
        while rounds < 30 {
            rounds += 1
            try fleet.headDatabase.run(
                "with recursive n (i) as (values (10) union all select i + 1 from n where i < 600) insert or replace into price select i, \(rounds) from n"
            )
            try fleet.headDatabase.run("update price set amount = \(rounds) where id < 4")
            try await fleet.sync("east")
            if rounds == 15 { try await fleet.sync("mid") }
        }
        let before = try lines(fleet)
        #expect(Int(before)! > 10_000)
        #expect(try await fleet.head.pruneShared())
        // One a key, and those of the batch in flight.
        #expect(try Int(lines(fleet))! < 1_500)
        #expect(try await !fleet.head.pruneShared())
        try await fleet.deliver(lost, to: "west")
        try await fleet.deliverAcks("west")
        try await fleet.syncAll()
        for name in ["east", "mid", "west"] {
            #expect(try fleet.database(name).run("select count(*), min(amount), max(amount) from price") == "594|30|30")
            #expect(try await fleet.verify(name).agrees)
        }
    }

    @Test func aKeyThatChangesOftenHasOneLineForAllWhoWait() async throws {
        let fleet = try await fleet()
        try await fleet.syncAll()
        for _ in 1...20 { try fleet.headDatabase.run("insert or replace into price values (1, random())") }
        #expect(try lines(fleet) == "1")
        try await fleet.sync("east")
        for _ in 1...20 { try fleet.headDatabase.run("update price set amount = 4") }
        #expect(try lines(fleet) == "2")
        #expect(try await fleet.sync("west").reduce(0, +) == 1)
        #expect(try fleet.database("west").run("select amount from price") == "4")
    }

    @Test func streamsAtTheSamePlaceNameTheSameContent() async throws {
        let fleet = try await fleet()
        try await fleet.syncAll()
        try fleet.headDatabase.run("insert into price values (1, 1), (2, 2)")
        let east = try #require(try await fleet.claim("east"))
        try fleet.headDatabase.run("insert into price values (3, 3)")
        let west = try #require(try await fleet.claim("west", changes: 2))
        #expect(east.sharedContent != nil && west.sharedContent == east.sharedContent)
        // A place that goes back ends what was shared: a key that was read before may have changed without a line.
        let split = try #require(try await fleet.head.splitBatch(west, keeping: 1))
        #expect(split.sharedContent != nil && split.sharedContent != east.sharedContent)
        try await fleet.head.releaseBatch(east)
        #expect(try await fleet.claim("east")?.sharedContent == nil)
        // What is for one alone is not shared.
        try fleet.headDatabase.run("insert into note values (1, 'west')")
        try fleet.headDatabase.run("insert into price values (4, 4)")
        let rest = try #require(try await fleet.claim("west"))
        #expect(rest.sharedContent == nil)
    }

    @Test func aRowThatCannotLeaveIsToldToEveryBranch() async throws {
        let fleet = try await SQLiteDownFleet(
            head: "create table price (id text primary key)", [TableRule(TableName("price"), direction: .down)])
        try await fleet.syncAll()
        try fleet.headDatabase.run("insert into price values (x'00')")
        let east = try #require(try await fleet.claim("east"))
        #expect(east.sharedContent != nil)
        _ = try await fleet.read(east)
        #expect(try await fleet.head.status().filter { $0.direction == .sending }.map(\.setAside) == [1, 1])
    }

    @Test func onlyStreamsThatHaveSomethingToDoAreNamed() async throws {
        let fleet = try await fleet(["east", "mid", "west"])
        let (east, mid, west) = (fleet.stream("east"), fleet.stream("mid"), fleet.stream("west"))
        #expect(try await fleet.head.outboundStreams() == [east, mid, west])
        func busy(window: Int = 64, silence: Duration? = nil) async throws -> [StreamID] {
            try await fleet.head.streamsWithWork(window: window, silence: silence)
        }
        // A table that is empty needs no load.
        #expect(try await busy() == [])
        try fleet.headDatabase.run("insert into note values (1, 'mid')")
        #expect(try await busy() == [mid])
        try fleet.headDatabase.run("insert into price values (1, 1)")
        #expect(try await busy() == [east, mid, west])
        let claimed = try #require(try await fleet.claim("east"))
        #expect(try await busy(window: 1) == [mid, west])
        #expect(try await fleet.head.setSuspended(true, branch: OfficeID("mid")!))
        #expect(try await busy() == [west])
        #expect(
            try await fleet.head.streamsToReap(olderThan: .zero)
                == [ReapableStream(stream: east, canPrune: false, awaitsAck: true)])
        try await fleet.deliver(claimed, to: "east")
        try await fleet.deliverAcks("east")
        #expect(
            try await fleet.head.streamsToReap(olderThan: .zero)
                == [ReapableStream(stream: east, canPrune: true, awaitsAck: false)])
        try await fleet.sync("west")
        #expect(try await busy(silence: .zero) == [east, west])
        try await fleet.head.requestVerification(VerificationRequest(id: UUID(), stream: west))
        #expect(try await busy() == [west])
    }

    @Test func aBranchThatIsRemovedLeavesNothingInTheLog() async throws {
        let fleet = try await fleet()
        try fleet.headDatabase.run("insert into price values (1, 1); insert into note values (1, 'east'), (2, 'west')")
        _ = try await fleet.claim("east")
        #expect(try await fleet.head.removeBranch(OfficeID("east")!))
        #expect(try await fleet.head.outboundStreams() == [fleet.stream("west")])
        let left = try fleet.headDatabase.run(
            """
            select (select count(*) from trunkline_change where destination = 'east'),
                (select count(*) from trunkline_load where stream = 'head>east'),
                (select count(*) from trunkline_batch where stream = 'head>east')
            """)
        #expect(left == "0|0|0")
        try fleet.headDatabase.run("update note set branch = 'west' where id = 1")
        try await fleet.sync("west")
        #expect(try fleet.database("west").run("select count(*) from note") == "2")
        #expect(try await fleet.head.removeBranch(OfficeID("west")!))
        try fleet.headDatabase.run("update price set amount = 2; update note set branch = 'east'")
        _ = try await fleet.head.pruneShared()
        #expect(try lines(fleet) == "0")
    }

    @Test func twoThousandIdleStreamsAreLookedAtInOneQuery() async throws {
        let fleet = try await fleet([])
        for index in 1...2_000 {
            try #require(try await fleet.head.addBranch(OfficeID("b\(index)")!, brokerUser: "b\(index)"))
        }
        try fleet.headDatabase.run("delete from trunkline_load")
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 1...20 { #expect(try await fleet.head.streamsWithWork(window: 64, silence: .seconds(60)).isEmpty) }
        #expect(clock.now - start < .milliseconds(800))
        try fleet.headDatabase.run("insert into note values (1, 'b77')")
        #expect(try await fleet.head.streamsWithWork(window: 64, silence: nil) == [fleet.stream("b77")])
        let before = clock.now
        #expect(try await fleet.head.status().count == 2_000)
        #expect(clock.now - before < .seconds(2))
    }
}
