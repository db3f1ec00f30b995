import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Tables that the head and its branches write.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SharedTests {
    private static let three =
        "insert into customer values (1, 'ada', 'a@x', 10), (2, 'bob', 'b@x', 20), (3, 'cid', null, 30);"

    @Test(arguments: Pairing.all)
    func equalRowsJoinWithoutConflictsAndOthersReachEveryOffice(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), head: SharedOffices.customer + Self.three)
        try offices.head.run("insert into customer values (4, 'of the head', null, 1)")
        try offices.east.run("insert into customer values (5, 'of east', null, 2)")
        try await offices.settle()
        #expect(try offices.rows()?.split(separator: "\n").count == 5)
        #expect(try offices.conflicts() == [])
    }

    @Test(arguments: Pairing.all)
    func aChangeOfOneBranchReachesAll(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        try offices.east.run("update customer set points = 11 where id = 1")
        try offices.west.run("delete from customer where id = 2")
        try offices.head.run("update customer set name = 'sid' where id = 3")
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|a@x|11\n3|sid||30")
        try offices.east.run("update customer set id = 7 where id = 3")
        try offices.west.run("update customer set points = 12 where id = 1")
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|a@x|12\n7|sid||30")
        #expect(try offices.conflicts() == [])
    }

    @Test(arguments: Pairing.all)
    func theLastWriterWins(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        try offices.head.run("update customer set name = 'first' where id = 1")
        try await Task.sleep(for: .milliseconds(20))
        try offices.east.run("update customer set name = 'second' where id = 1")
        try await Task.sleep(for: .milliseconds(20))
        try offices.west.run("update customer set name = 'third' where id = 1")
        try await offices.settle()
        #expect(try offices.rows()?.hasPrefix("1|third|") == true)
        let conflicts = try offices.conflicts()
        #expect(conflicts.map(\.outcome) == [.branch, .branch])
        #expect(conflicts.first?.headImage?["name"] == "first")
        #expect(conflicts.last?.headImage?["name"] == "second")
    }

    @Test(arguments: Pairing.all)
    func columnsThatOneSideChangedAreBothKept(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.headWins, columns: .init()), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        try offices.head.run("update customer set name = 'of the head' where id = 1")
        try offices.east.run("update customer set email = 'e@east' where id = 1")
        try offices.west.run("update customer set points = 99, name = 'of west' where id = 1")
        try await offices.settle()
        #expect(try offices.rows()?.hasPrefix("1|of the head|e@east|99") == true)
        let conflicts = try offices.conflicts()
        #expect(conflicts.map(\.columns) == [["name"]])
        #expect(conflicts.first?.branchImage?["name"] == "of west" && conflicts.first?.baseImage?["name"] == "ada")
    }

    @Test(arguments: Pairing.all)
    func differencesAreAdded(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins, columns: .init(added: ["points"])),
            head: SharedOffices.customer + Self.three)
        try await offices.settle()
        for _ in 0..<3 { try offices.east.run("update customer set points = points - 1 where id = 2") }
        let batch = try await offices.nextBatch(of: SharedOffices.east)!
        try offices.east.run("update customer set points = points - 1 where id = 2")
        try offices.west.run("update customer set points = points - 2 where id = 2")
        try offices.head.run("update customer set points = points - 5 where id = 2")
        _ = try await offices.down.head.receive(batch, parking: false)
        _ = try await offices.down.head.receive(batch, parking: false)
        try await offices.down.sync(SharedOffices.east)
        try offices.east.run("update customer set points = points - 1 where id = 2")
        try await offices.deliverAcks(to: SharedOffices.east)
        try await offices.settle()
        #expect(try offices.rows("select points from customer where id = 2") == "8")
        #expect(try offices.conflicts() == [])
    }

    /// `verify --repair` says the row itself, though the head's is as the branch sent it.
    @Test(arguments: Pairing.all) func aRowThatChangedUnseenIsRepaired(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        try offices.east.run("update customer set points = 11 where id = 1")
        try await offices.settle()
        try offices.changeUnseen(offices.east, "update customer set points = 99 where id = 1")
        let result = try await offices.down.verify()
        let keys = try #require(result.tables.first { $0.name == TableName("customer") }).differingKeys.map(\.key)
        #expect(keys == [RowKey(["1"])])
        try await offices.down.head.sendAgain(
            keys, of: TableName("customer"), in: DownPair.stream(SharedOffices.east))
        try await offices.settle()
        #expect(try offices.rows()?.hasPrefix("1|ada|a@x|11") == true)
        #expect(try await offices.down.verify().agrees)
    }

    /// A branch that was removed and comes back has what the others made meanwhile.
    @Test(arguments: Pairing.all) func aBranchComesBack(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        _ = try await offices.down.head.removeBranch(SharedOffices.west)
        try offices.east.run("update customer set points = 11 where id = 1; delete from customer where id = 2")
        while try await offices.up(SharedOffices.east) {}
        _ = try await offices.down.head.addBranch(SharedOffices.west, brokerUser: "west")
        try offices.west.run("update customer set name = 'of west' where id = 3")
        try await offices.settle()
        #expect(try offices.head.run("select points from customer where id = 1") == "11")
        #expect(try offices.west.run("select points from customer where id = 1") == "11")
        #expect(try offices.rows("select name from customer where id = 3") == "of west")
    }
}
