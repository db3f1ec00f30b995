import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Shared tables that join once more: what one end has forgotten, the other one still knows.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct RejoinTests {
    private static let three =
        "insert into customer values (1, 'ada', 'a@x', 10), (2, 'bob', 'b@x', 20), (3, 'cid', null, 30);"

    private func offices(_ pairing: Pairing, _ policy: ConflictPolicy.Whole = .lastWriterWins) async throws
        -> SharedOffices
    {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(policy), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        return offices
    }

    private func share(_ rules: [TableRule], at head: any OfficeStore) async throws {
        _ = try await head.initialise(OfficeSetup(office: .head, role: .head, tables: rules))
    }

    /// A row that is for another branch by now is not deleted: who had it before says nothing of it any more.
    @Test(arguments: Pairing.all) func aRowThatLeftABranchIsNotDeletedByALoad(_ pairing: Pairing) async throws {
        let table = "create table job (id integer primary key, shop text, what text);"
        let policy = ConflictPolicy(.lastWriterWins)
        let rule = TableRule(TableName("job"), direction: .shared, route: .column("shop"), conflict: policy)
        let offices = try await SharedOffices(
            pairing, policy, table: "job", head: table + "insert into job values (1, 'east', 'a'), (2, 'west', 'b');",
            branch: table, route: .column("shop"))
        try await offices.settle()
        try offices.west.run("update job set shop = 'east' where id = 2")
        try await offices.settle()
        try offices.head.run("update job set shop = 'west' where id = 1")
        try await offices.settle()
        // The head forgets the versions.
        try await share([], at: offices.down.head)
        try await share([rule], at: offices.down.head)
        for name in offices.names {
            _ = try await offices.down.branches[name]!.store.resync(TableName("job"), to: nil)
        }
        try await offices.settle()
        let listing = "select id, shop from job order by id"
        #expect(try offices.head.run(listing) == "1|west\n2|east")
        #expect(try offices.east.run(listing) == "2|east" && offices.west.run(listing) == "1|west")
        #expect(try offices.conflicts() == [])
        // And a row that comes back is there.
        try offices.east.run("update job set shop = 'west' where id = 2")
        try await offices.settle()
        #expect(try offices.west.run(listing) == "1|west\n2|west" && offices.east.run(listing) == "")
    }

    /// One that waited at the head until the branch's rows had joined leaves the branch that it is not for.
    @Test(arguments: Pairing.all) func aRowThatIsStoredLateLeavesTheBranchThatItIsNotFor(_ pairing: Pairing)
        async throws
    {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), [SharedOffices.east], table: "job",
            head: """
                create table kind (id integer primary key);
                create table job (id integer primary key, shop text, kind integer references kind);
                """,
            branch: """
                create table job (id integer primary key, shop text, kind integer);
                insert into job values (1, 'west', 5);
                """, route: .column("shop"))
        try await offices.settle()
        #expect(
            try offices.head.run("select count(*) from job") == "0" && offices.east.run("select id from job") == "1")
        try offices.head.run("insert into kind values (5)")
        _ = try await offices.down.head.retrySetAside(SetAsideSelection(), limit: 10)
        try await offices.settle()
        #expect(try offices.head.run("select id, shop from job") == "1|west")
        #expect(try offices.east.run("select id from job") == "")
    }

    @Test(arguments: Pairing.all) func aTableThatIsSharedAgainJoinsAnew(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try await share([], at: offices.down.head)
        try await offices.deliverAcks(to: SharedOffices.east)
        #expect(try await offices.down.head.status().filter { $0.setAside == 1 }.count == 2)
        let notices = try await offices.down.branches[SharedOffices.east]!.store.status()
        #expect(notices.contains { $0.setAside == 1 })
        try offices.head.run(
            "update customer set points = 21 where id = 2; insert into customer values (8, 'h', null, 8)")
        try offices.east.run(
            "update customer set points = 11 where id = 1; insert into customer values (9, 'e', null, 9)")
        try offices.changeUnseen(offices.west, "update customer set points = 31 where id = 3")
        try await offices.settle()
        #expect(try offices.head.run("select points from customer where id = 1") == "10")
        let rule = TableRule(
            TableName("customer"), direction: .shared, conflict: ConflictPolicy(.lastWriterWins))
        try await share([rule], at: offices.down.head)
        _ = try await offices.down.head.retrySetAside(SetAsideSelection(), limit: 10)
        for name in offices.names { try await offices.deliverAcks(to: name) }
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|a@x|11\n2|bob|b@x|21\n3|cid||30\n8|h||8\n9|e||9", offices.shown())
        #expect(try await offices.down.head.status().allSatisfy { $0.setAside == 0 })
        #expect(
            try offices.conflicts().map(\.key.description).sorted()
                == [1, 1, 2, 2, 3].map { RowKey(["\($0)"]).description }, offices.shown())
    }

    /// Nothing that a branch sent was acked since the backup, so that its stream goes on as if nothing had been.
    @Test(arguments: Pairing.all, [true, false])
    func aHeadThatWasRestoredGetsBackWhatItSent(_ pairing: Pairing, isHalted: Bool) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.headWins), [SharedOffices.east], head: SharedOffices.customer + Self.three)
        try await offices.settle()
        let (head, branch) = (offices.down.head, offices.down.branches[SharedOffices.east]!.store)
        let down = DownPair.stream(SharedOffices.east)
        try offices.head.backUp()
        try offices.head.run(
            "update customer set points = 11 where id = 1; delete from customer where id = 2; insert into customer values (4, 'new', null, 4), (5, 'newer', null, 5)"
        )
        for _ in 0..<2 { try await offices.down.sync(SharedOffices.east) }
        try offices.east.run("update customer set points = 55 where id = 5")
        await head.close()
        try offices.head.restore()
        try offices.head.run("update customer set name = 'sid' where id = 3")
        if isHalted {
            // The head hears of a batch that it has not sent.
            let batch = try #require(try await offices.down.nextBatch())
            _ = try await branch.receive(batch, parking: false)
        } else {
            while let batch = try await offices.down.nextBatch() {
                _ = try await branch.receive(batch, parking: false)
            }
        }
        try await offices.down.deliverAcks(of: SharedOffices.east)
        if let halt = try await head.pendingHalt(of: down) { try await branch.takeHalt(halt) }
        while try await offices.up(SharedOffices.east) {}
        let rows = "select id, name, points from customer order by id"
        #expect(try offices.head.run(rows) == "1|ada|11\n3|sid|30\n4|new|4\n5|newer|55", offices.shown())
        try await head.beginRecovery(of: down, .keepHead)
        for _ in 0..<20 where try await head.recovery(of: down) != nil { try await offices.settle() }
        #expect(try offices.rows(rows) == "1|ada|11\n3|sid|30\n4|new|4\n5|newer|55", offices.shown())
        // What the head had in its backup gave way.
        #expect(try offices.conflicts().allSatisfy { $0.outcome == .branch && $0.kind == .join }, offices.shown())
        #expect(try await offices.down.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aBranchThatWasRestoredForgetsWhatItDeleted(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        let branch = offices.down.branches[SharedOffices.east]!.store
        try offices.east.run("update customer set points = 21 where id = 2")
        try await offices.settle()
        try offices.east.backUp()
        try offices.east.run("delete from customer where id < 3")
        try await offices.settle()
        await branch.close()
        try offices.east.restore()
        try offices.east.run("insert into customer values (7, 'new', null, 7)")
        let batch = try #require(try await offices.nextBatch(of: SharedOffices.east))
        _ = try await offices.down.head.receive(batch, parking: false)
        try await offices.deliverAcks(to: SharedOffices.east)
        let stream = SharedOffices.stream(SharedOffices.east)
        try await branch.beginRecovery(of: stream, .keepHead)
        // Until both streams go on in their new epochs.
        for _ in 0..<12 {
            _ = try await branch.formVerification(of: stream)
            while let batch = try await offices.nextBatch(of: SharedOffices.east) {
                _ = try await offices.down.head.receive(batch, parking: false)
            }
            try await offices.deliverAcks(to: SharedOffices.east)
            while let batch = try await offices.down.nextBatch() { _ = try await branch.receive(batch, parking: false) }
            try await offices.down.deliverAcks()
        }
        try await offices.settle()
        #expect(try offices.rows() == "3|cid||30\n7|new||7", offices.shown())
    }

    /// What a branch made and deletes again is its own, also where the head, which was restored, has it from another branch.
    @Test(arguments: Pairing.all) func aDeleteOfARowThatAnotherBranchBroughtBack(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        let head = offices.down.head
        try offices.head.backUp()
        try offices.east.run("insert into customer values (7, 'new', null, 7)")
        try await offices.up(SharedOffices.east)
        try await offices.down.sync(SharedOffices.west)
        try await offices.down.deliverAcks(of: SharedOffices.west)
        await head.close()
        try offices.head.restore()
        // The head has it from west, before it hears of east.
        _ = try await offices.down.branches[SharedOffices.west]!.store.resync(TableName("customer"), to: nil)
        try await offices.up(SharedOffices.west)
        #expect(try offices.head.run("select count(*) from customer where id = 7") == "1")
        try offices.east.run("delete from customer where id = 7")
        let stream = SharedOffices.stream(SharedOffices.east)
        let branch = offices.down.branches[SharedOffices.east]!.store
        for _ in 0..<6 {
            while let batch = try await offices.nextBatch(of: SharedOffices.east) {
                _ = try await head.receive(batch, parking: false)
            }
            try await offices.deliverAcks(to: SharedOffices.east)
            _ = try await branch.formVerification(of: stream)
        }
        #expect(try offices.head.run("select count(*) from customer where id = 7") == "0", offices.shown())
    }
}
