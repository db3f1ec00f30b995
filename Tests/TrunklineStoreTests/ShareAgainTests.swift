import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Tables that one end shares before the other one does, or no more for a while: nothing that either end had, or made
/// meanwhile, goes unseen.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct ShareAgainTests {
    private static let rows = "insert into customer values (1, 'ada', null, 10), (2, 'bob', null, 20);"

    private func offices(
        _ pairing: Pairing, _ policy: ConflictPolicy, head: String = ShareAgainTests.rows,
        branch: String = ShareAgainTests.rows
    ) async throws -> SharedOffices {
        try await SharedOffices(
            pairing, policy, [SharedOffices.east], head: SharedOffices.customer + head,
            branch: SharedOffices.customer + branch)
    }

    private func share(_ policy: ConflictPolicy?, _ offices: SharedOffices, at office: OfficeID = .head) async throws {
        let rules = policy.map { [TableRule(TableName("customer"), direction: .shared, conflict: $0)] } ?? []
        let isHead = office == .head
        let store = isHead ? offices.down.head : offices.down.branches[office]!.store
        let report = try await store.initialise(
            OfficeSetup(office: office, role: isHead ? .head : .branch, tables: rules))
        let hasJoined = try offices.head.run(
            "select count(*) from \(offices.head.kind == .postgres ? "trunkline.set_aside" : "trunkline_set_aside") where key = '[]'"
        )
        if isHead {
            #expect(report.warnings.count == (rules.isEmpty && hasJoined == "1" ? 1 : 0), "\(report.warnings)")
        }
    }

    /// The head takes the table again; what it says reaches the branch before its ack does.
    private func takeAgain(_ offices: SharedOffices) async throws {
        _ = try await offices.down.head.retrySetAside(SetAsideSelection(), limit: 10)
        try offices.east.run("create table if not exists other (id integer primary key)")
        if let batch = try await offices.nextBatch(of: SharedOffices.east) {
            _ = try await offices.down.head.receive(batch, parking: false)
        }
        try await offices.down.sync()
        try await offices.down.deliverAcks()
        try await offices.deliverAcks(to: SharedOffices.east)
        try await offices.settle()
    }

    /// The branch shared it first, and its rows were refused.
    @Test(arguments: Pairing.all) func rowsThatTheHeadRefusedAreSeenBeforeItsOwnCome(_ pairing: Pairing) async throws {
        let policy = ConflictPolicy(.manual)
        let offices = try await offices(
            pairing, policy, branch: "insert into customer values (1, 'of east', null, 11);")
        try await share(nil, offices)
        try await offices.settle()
        #expect(try await offices.down.head.status().contains { $0.setAside == 1 })
        try offices.east.run("update customer set points = 12; insert into customer values (3, 'new', null, 3)")
        try await offices.settle()
        try await share(policy, offices)
        try await takeAgain(offices)
        #expect(try offices.rows("select id, name, points from customer order by id") == "1|ada|10\n2|bob|20\n3|new|3")
        let conflicts = try offices.conflicts()
        #expect(conflicts.map(\.kind) == [.join] && conflicts[0].branchImage?["points"] == "12", offices.shown())
    }

    /// Both ends change a row while the head does not share it.
    @Test(arguments: Pairing.all, ["update customer set points = 0", "insert into customer values (9, 'x', null, 9)"])
    func aRowThatBothChangedMeanwhileIsAConflict(_ pairing: Pairing, before: String) async throws {
        let policy = ConflictPolicy(.headWins)
        let offices = try await offices(pairing, policy)
        try await offices.settle()
        // With versions, or without.
        try offices.east.run(before)
        try await offices.settle()
        try await share(nil, offices)
        try await offices.deliverAcks(to: SharedOffices.east)
        try offices.head.run("update customer set name = 'head' where id = 1")
        try offices.east.run("update customer set name = 'east' where id = 1")
        try await offices.settle()
        try await share(policy, offices)
        try await takeAgain(offices)
        #expect(try offices.rows("select name from customer where id = 1") == "head", offices.shown())
        let conflicts = try offices.conflicts().filter { $0.key == RowKey(["1"]) }
        #expect(conflicts.count == 1 && conflicts[0].branchImage?["name"] == "east", offices.shown())
    }

    /// What the head made while it did not share the table is no older than what the branch has known for long.
    @Test(arguments: Pairing.all) func whatTheHeadMadeMeanwhileStands(_ pairing: Pairing) async throws {
        let policy = ConflictPolicy(.headWins)
        let offices = try await offices(pairing, policy)
        try await offices.settle()
        try offices.east.run("update customer set points = 11 where id = 1; delete from customer where id = 2")
        try await offices.settle()
        try await share(nil, offices)
        try await offices.deliverAcks(to: SharedOffices.east)
        try offices.head.run(
            "update customer set points = 12 where id = 1; insert into customer values (2, 'new', null, 2)")
        try await share(policy, offices)
        try await takeAgain(offices)
        #expect(
            try offices.rows("select id, name, points from customer order by id") == "1|ada|12\n2|new|2",
            offices.shown())
    }

    /// A version of a clock that was off, which the head has forgotten, keeps no later one back.
    @Test(arguments: Pairing.all) func aVersionThatIsFarAheadKeepsNothingBack(_ pairing: Pairing) async throws {
        let policy = ConflictPolicy(.headWins)
        let offices = try await offices(pairing, policy)
        try await offices.settle()
        let books = pairing.head == .postgres ? "trunkline.shared_row" : "trunkline_shared_row"
        try offices.head.run("update customer set points = 11; update \(books) set clock = clock + 86400000")
        try await offices.settle()
        try await share(nil, offices)
        try await share(policy, offices)
        try await takeAgain(offices)
        try offices.head.run("update customer set points = 12 where id = 1")
        try await offices.settle()
        #expect(try offices.rows("select points from customer order by id") == "12\n11", offices.shown())
    }

    /// A difference counts once, though the head has forgotten that it added it.
    @Test(arguments: Pairing.all) func aDifferenceThatWasAddedBeforeIsNotAddedAgain(_ pairing: Pairing) async throws {
        let policy = ConflictPolicy(.headWins, columns: .init(added: ["points"]))
        let offices = try await offices(pairing, policy)
        try await offices.settle()
        try offices.east.run("update customer set points = 100 where id = 1")
        try await offices.settle()
        try offices.east.run("update customer set points = points - 1 where id = 1")
        try await offices.up(SharedOffices.east)
        try await share(nil, offices)
        try await share(policy, offices)
        try await takeAgain(offices)
        #expect(try offices.rows("select points from customer where id = 1") == "99", offices.shown())
    }

    /// What a branch writes while it does not share the table meets the head's by the policy.
    @Test(arguments: Pairing.all) func whatABranchWroteMeanwhileMeetsTheHeads(_ pairing: Pairing) async throws {
        let policy = ConflictPolicy(.branchWins)
        let offices = try await offices(pairing, policy)
        try await offices.settle()
        try offices.head.run("update customer set points = 11 where id = 1")
        try await offices.settle()
        try await share(nil, offices, at: SharedOffices.east)
        try offices.east.run("update customer set points = 12 where id = 1")
        try await share(policy, offices, at: SharedOffices.east)
        try await offices.settle()
        #expect(try offices.rows("select points from customer where id = 1") == "12", offices.shown())
        #expect(try offices.conflicts().map(\.headImage?["points"]) == ["11"], offices.shown())
    }

    /// A restored branch says none of the rows that it has not changed since the head had them.
    @Test(arguments: Pairing.all) func aRestoredBranchBringsBackNoRowThatTheHeadChanged(_ pairing: Pairing) async throws
    {
        let offices = try await offices(pairing, ConflictPolicy(.branchWins))
        try await offices.settle()
        let branch = offices.down.branches[SharedOffices.east]!.store
        try offices.east.backUp()
        try offices.head.run("update customer set points = 11 where id = 1")
        try offices.east.run("update customer set points = 22 where id = 2")
        try await offices.settle()
        await branch.close()
        try offices.east.restore()
        try offices.east.run("insert into customer values (7, 'new', null, 7)")
        try await offices.recoverEast()
        let listing = "select id, points from customer order by id"
        #expect(try offices.rows(listing) == "1|11\n2|22\n7|7", offices.shown(listing))
    }

    /// A batch may note the join once more while the head's init is at work.
    @Test(arguments: DatabaseKind.allCases) func aJoinThatWasNotedTooLateStopsNoInit(_ kind: DatabaseKind) async throws
    {
        let offices = try await offices(Pairing(branch: kind, head: kind), ConflictPolicy(.manual))
        try await offices.settle()
        try await share(nil, offices)
        let inbound = kind == .postgres ? "trunkline.inbound" : "trunkline_inbound"
        try offices.head.run("update \(inbound) set joined = '[{\"name\":\"customer\",\"turn\":1}]'")
        _ = try await offices.down.head.initialise(OfficeSetup(office: .head, role: .head, tables: [TableRule]()))
        #expect(try offices.head.run("select joined from \(inbound)") == "[]")
    }

    /// A change that leaves a row as it was is of its own time, and not of the time at which it came.
    @Test(arguments: Pairing.all) func aChangeThatChangesNothingIsNoLaterThanItWas(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), head: SharedOffices.customer + Self.rows)
        try await offices.settle()
        try offices.east.run("update customer set points = 99; update customer set points = 10 * id")
        try await Task.sleep(for: .milliseconds(20))
        try offices.west.run("update customer set points = 77 where id = 1")
        try await Task.sleep(for: .milliseconds(20))
        try await offices.up(SharedOffices.east)
        try await offices.settle()
        #expect(try offices.rows("select points from customer order by id") == "77\n20", offices.shown())
    }
}
