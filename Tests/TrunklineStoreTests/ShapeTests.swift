import Foundation
import Testing
import TrunklineTesting

@testable import TrunklineCore

/// A table's shape travels until the receiver keeps it, and is only named from then on, on every pairing of databases.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct ShapeTests {
    private static let items = "create table item (id integer primary key, name varchar(20), n numeric(12,2))"
    private let item = TableName("item")

    private func pair(_ pairing: Pairing) async throws -> Pair {
        try await Pair(pairing, branch: Self.items, tables: ["item"])
    }

    private func claim(_ pair: Pair) async throws -> ClaimedBatch {
        try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 100))
    }

    /// The batch, with the shapes of its tables only named.
    private func named(_ batch: ClaimedBatch, _ pair: Pair) async throws -> InboundBatch {
        let reading = try await pair.branch.readBatch(
            batch, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        guard case .content(let tables) = reading else { throw TestFailure("too large") }
        return try InboundBatch(
            message: BatchEncoder.encode(batch, tables: tables, naming: Set(tables.map(\.name))))
    }

    private func insert(_ id: Int, _ pair: Pair) throws {
        try pair.branchDatabase.run("insert into item (id, name, n) values (\(id), 'pen', 1.50)")
    }

    private func forgetShapes(_ pair: Pair, _ head: DatabaseKind) throws {
        try pair.headDatabase.run("delete from \(head == .postgres ? "trunkline." : "trunkline_")inbound_shape")
    }

    @Test(arguments: Pairing.all) func aNamedShapeIsStoredAsAWholeOne(pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try insert(1, pair)
        let first = try await claim(pair)
        #expect(!first.receiverKeepsShapes)
        try await pair.branch.releaseBatch(first)
        try await pair.sync()
        try insert(2, pair)
        let batch = try await claim(pair)
        #expect(batch.receiverKeepsShapes)
        #expect(
            try await pair.head.receive(try await named(batch, pair), parking: true)
                == .stored(rows: 1, deletes: 0, setAside: 0))
        try await pair.deliverAcks()
        try pair.branchDatabase.run("delete from item where id = 1")
        let delete = try await claim(pair)
        #expect(
            try await pair.head.receive(try await named(delete, pair), parking: true)
                == .stored(rows: 0, deletes: 1, setAside: 0))
        try await pair.deliverAcks()
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aShapeThatIsNotThereIsAskedFor(pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try insert(1, pair)
        try await pair.sync()
        try forgetShapes(pair, pairing.head)
        try insert(2, pair)
        let lost = try await named(try await claim(pair), pair)
        #expect(try await pair.head.receive(lost, parking: true) == .unknownShape(table: item))
        let ack = try #require(try await pair.head.pendingAcks(limit: 1).first?.ack)
        #expect(ack.keepsShapes == nil && ack.watermark == 1)
        try await pair.deliverAcks()
        // It goes again at once, and whole.
        let again = try await claim(pair)
        #expect(again.number == 2 && again.attempt == 2 && !again.receiverKeepsShapes)
        #expect(
            try await pair.head.receive(try await pair.build(again), parking: true)
                == .stored(rows: 1, deletes: 0, setAside: 0))
        #expect(try await pair.head.pendingAcks(limit: 1).first?.ack.keepsShapes == true)
        try await pair.deliverAcks()
        #expect(try await pair.verify().agrees)
    }

    /// Whatever a sender believes, a line is never read with the columns of another shape.
    @Test(arguments: Pairing.all) func aShapeIsNeverTakenForAnother(pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try insert(1, pair)
        try await pair.sync()
        try pair.branchDatabase.run("alter table item rename column name to label")
        try pair.branchDatabase.run("insert into item (id, label, n) values (2, 'ink', 2)")
        let batch = try await claim(pair)
        #expect(try await pair.head.receive(try await named(batch, pair), parking: true) == .unknownShape(table: item))
        #expect(try await pair.head.status()[0].watermark == 1)
    }

    /// The newest is kept, so that a table that changes back is said whole once more.
    @Test(arguments: Pairing.all) func theNewestShapeOfATableIsKept(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.items, tables: ["item"],
            head: """
                create table item (branch_id text, id integer, name varchar(20), n numeric(12,2), note text,
                    primary key (branch_id, id))
                """)
        try insert(1, pair)
        try await pair.sync()
        try pair.branchDatabase.run("alter table item add column note text")
        try insert(2, pair)
        try await pair.sync()
        try insert(3, pair)
        #expect(
            try await pair.head.receive(try await named(try await claim(pair), pair), parking: true)
                == .stored(rows: 1, deletes: 0, setAside: 0))
    }

    @Test(arguments: Pairing.all) func aParkedBatchIsReadWhenItsTurnComes(pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try insert(1, pair)
        let first = try await claim(pair)
        let whole = try await pair.build(first)
        try insert(2, pair)
        let second = try await named(try await claim(pair), pair)
        #expect(try await pair.head.receive(second, parking: true) == .parked)
        _ = try await pair.head.receive(whole, parking: true)
        let message = try #require(try await pair.head.nextParked(of: pair.stream))
        #expect(
            try await pair.head.receiveParked(InboundBatch(message: message))
                == .stored(rows: 1, deletes: 0, setAside: 0))
        // One whose shape is not there does not stay: it would be tried for ever.
        try await pair.deliverAcks()
        try forgetShapes(pair, pairing.head)
        try insert(3, pair)
        let third = try await named(try await claim(pair), pair)
        #expect(try await pair.head.hold(third, reason: "for the test"))
        _ = try await pair.head.hasten(pair.stream)
        _ = try await pair.head.receiveParked(third)
        #expect(try await pair.head.nextParked(of: pair.stream) == nil)
    }

    /// What one stream makes its receiver keep is limited; beyond, it says its shapes whole for good.
    @Test(arguments: Pairing.all) func tooManyShapesAreNotKept(pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try pair.headDatabase.run(
            """
            with recursive r (n) as (select 1 union all select n + 1 from r where n < \(ReceiverEngine.Limit.shapes))
            insert into \(pairing.head == .postgres ? "trunkline." : "trunkline_")inbound_shape (stream, table_name, shape)
            select 'east>head', 'made_up_' || n, '{}' from r
            """)
        for id in 1...2 {
            try insert(id, pair)
            try await pair.sync()
        }
        try insert(3, pair)
        #expect(!(try await claim(pair).receiverKeepsShapes))
        #expect(try await pair.head.status()[0].watermark == 2)
    }

    /// One that is replaced is not one more.
    @Test(arguments: Pairing.all) func aChangedShapeIsKeptWhereThereIsNoRoomForMore(pairing: Pairing) async throws {
        let pair = try await pair(pairing)
        try insert(1, pair)
        try await pair.sync()
        try pair.headDatabase.run(
            """
            with recursive r (n) as (select 2 union all select n + 1 from r where n < \(ReceiverEngine.Limit.shapes))
            insert into \(pairing.head == .postgres ? "trunkline." : "trunkline_")inbound_shape (stream, table_name, shape)
            select 'east>head', 'made_up_' || n, '{}' from r
            """)
        try pair.branchDatabase.run("alter table item add column note text")
        try insert(2, pair)
        try await pair.sync()
        try insert(3, pair)
        #expect(try await claim(pair).receiverKeepsShapes)
    }
}
