import Foundation
import Synchronization
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

    /// Where no end was restored, a row that is older at the branch is one that the head had too.
    @Test(arguments: Pairing.all) func anOlderRowThatComesUpOnceMoreIsNoConflict(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        let branch = offices.down.branches[SharedOffices.east]!.store
        for points in 11...12 {
            try offices.head.run("update customer set points = \(points) where id < 3")
            if points == 11 { try await offices.settle() }
        }
        try offices.east.run("update customer set name = 'of east' where id = 2")
        #expect(try await branch.resync(TableName("customer"), to: nil) == 3)
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|a@x|12\n2|of east|b@x|11\n3|cid||30")
        #expect(try offices.conflicts().map(\.key) == [RowKey(["2"])])
    }

    /// Nor is one that yielded to a change that is older by its clock, as a policy decided.
    @Test(arguments: Pairing.all) func aRowThatYieldedAtTheHeadIsNoConflict(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.branchWins, columns: .init()), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        try offices.west.run("update customer set name = 'of west' where id = 1")
        try await Task.sleep(for: .milliseconds(10))
        try offices.head.run("update customer set name = 'of the head' where id = 1")
        try await offices.down.sync(SharedOffices.east)
        try await offices.down.deliverAcks(of: SharedOffices.east)
        #expect(try offices.east.run("select name from customer where id = 1") == "of the head")
        try await offices.up(SharedOffices.west)
        #expect(try offices.conflicts().count == 1)
        let branch = offices.down.branches[SharedOffices.east]!.store
        _ = try await branch.resync(TableName("customer"), to: nil)
        try await offices.settle()
        #expect(try offices.rows("select name from customer where id = 1") == "of west")
        #expect(try offices.conflicts().count == 1)
    }

    /// A branch fills neither the head's database with conflicts, nor its memory with the head's own rows.
    @Test(arguments: DatabaseKind.allCases) func conflictsAreLimited(_ head: DatabaseKind) async throws {
        let offices = try await SharedOffices(
            Pairing(branch: .sqlite, head: head), ConflictPolicy(.headWins), head: SharedOffices.customer + Self.three)
        try await offices.settle()
        let size = ReturnLimit.rowBytes / 2
        let long =
            head == .postgres ? "repeat('x', \(size))" : "replace(hex(zeroblob(\(size / 2))), '0', 'x')"
        try offices.head.run("update customer set email = \(long)")
        try offices.east.run("update customer set name = 'of east'; insert into customer values (4, 'x', null, 0)")
        try offices.head.run("insert into customer values (4, 'y', \(long), 0), (5, 'z', \(long), 0)")
        try offices.east.run("insert into customer values (5, 'x', null, 0)")
        let batch = try #require(try await offices.nextBatch(of: SharedOffices.east))
        let error = await #expect(throws: StoreError.self) {
            try await offices.down.head.receiving("store", "a batch") { (transaction) throws(StoreError) in
                try ReceiverEngine(FullBooks(transaction, areFull: true)).receive(batch, parking: false)
            }
        }
        #expect(error?.code == .database && error?.reason.contains("conflicts with it") == true)
        #expect(try offices.conflicts() == [])
        let readings = try await offices.down.head.receiving("store", "a batch") { (transaction) throws(StoreError) in
            let books = FullBooks(transaction, areFull: false)
            _ = try ReceiverEngine(books).receive(batch, parking: false)
            return books.readings
        }
        #expect(readings > 1)
        #expect(try offices.conflicts().count == 5)
    }

    /// A program that changes a row whenever it is looked at keeps nothing from being stored.
    @Test func aRowThatChangesAllTheTimeIsStored() async throws {
        let offices = try await SharedOffices(
            Pairing(branch: .sqlite, head: .postgres),
            ConflictPolicy(.lastWriterWins, columns: .init(added: ["points"])),
            head: SharedOffices.customer + Self.three)
        try await offices.settle()
        try offices.east.run("update customer set points = points + 100")
        let batch = try #require(try await offices.nextBatch(of: SharedOffices.east))
        let changes = Mutex(0)
        let program = { @Sendable [head = offices.head] in
            let done = try? head.attempt(
                "set lock_timeout = '100ms'; update customer set points = points + 1 where id = 1")
            if done?.exit == .code(0) { changes.withLock { $0 += 1 } }
        }
        let outcome = try await offices.down.head.receiving("store", "a batch") { (transaction) throws(StoreError) in
            let books = BusyBooks(transaction, program)
            return try ReceiverEngine(books).receive(batch, parking: false)
        }
        guard case .stored = outcome else { throw TestFailure("not stored: \(outcome)") }
        #expect(changes.withLock { $0 } == 1)
        #expect(try offices.head.run("select points from customer order by id") == "111\n120\n130")
    }
}

/// Books that seem to be full of conflicts, and count how often the head's rows are read.
private final class FullBooks: ForwardingBooks {
    private let areFull: Bool
    private(set) var readings = 0

    init(_ base: any ReceiverTransaction, areFull: Bool) {
        self.areFull = areFull
        super.init(base)
    }

    override func conflictSize(_ branch: OfficeID) throws(StoreError) -> (rows: Int, bytes: Int) {
        areFull ? (500_001, 1) : try super.conflictSize(branch)
    }

    override func rows(
        of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits
    ) throws(StoreError) -> FoundRows {
        readings += 1
        return try super.rows(of: keys, table, of: stream, limits)
    }
}

/// Books between whose first look at shared rows and the storing of them a program of the office writes.
private final class BusyBooks: ForwardingBooks {
    private let program: @Sendable () -> Void

    init(_ base: any ReceiverTransaction, _ program: @escaping @Sendable () -> Void) {
        self.program = program
        super.init(base)
    }

    override func sharedRows(
        of keys: [RowKey], _ table: TableHeader, _ branch: OfficeID
    ) throws(StoreError) -> [SharedRowState] {
        let states = try super.sharedRows(of: keys, table, branch)
        program()
        return states
    }
}
