import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// An error of any owner, at any of the receiver's calls: the batch is taken whole or not at all, the next try stores it,
/// and nobody else's stream is touched.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct ReceiverFaultTests {
    private static let item = "create table item (id integer primary key, name text, n integer);"

    @Test(arguments: Pairing.all) func anErrorAtAnyCallUndoesTheWholeBatch(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.item, tables: ["item"],
            head: """
                create table item (branch_id text not null, id integer not null, name text, n integer check (n > 0),
                    primary key (branch_id, id))
                """)
        var id = 0
        for code in [StoreError.Code.unreachable, .contention, .full, .database, .table, .program] {
            var call = 0
            var isDone = false
            while !isDone {
                // A good row, a bad one, and one that was bad before: every path of the engine.
                id += 3
                try pair.branchDatabase.run(
                    "insert into item values (\(id), 'a', 1), (\(id + 1), 'b', -1); update item set name = 'again' where n < 0 and id < \(id)"
                )
                let batch = try #require(try await pair.nextBatch())
                let before = try await pair.head.status()
                call += 1
                let fault = Fault(
                    atCall: call, StoreError(code, operation: "test", subject: "call \(call)", reason: "made up"))
                do {
                    _ = try await pair.head.receiving("test", "fault") { (transaction) throws(StoreError) in
                        try ReceiverEngine(FaultyReceiving(transaction, fault)).receive(batch, parking: true)
                    }
                    isDone = true
                } catch {
                    #expect(error.code == code)
                    let after = try await pair.head.status()
                    #expect(
                        after.map(\.watermark) == before.map(\.watermark)
                            && after.map(\.setAside) == before.map(\.setAside))
                    guard case .stored = try await pair.head.receive(batch, parking: true) else {
                        Issue.record("call \(call) of \(code): the next try did not store the batch")
                        return
                    }
                }
                try await pair.deliverAcks()
            }
            #expect(call > 5)
        }
        let bad = try pair.branchDatabase.run("select count(*) from item where n < 0")
        #expect(
            try pair.headDatabase.run("select count(*) from item")
                == "\(Int(try pair.branchDatabase.run("select count(*) from item"))! - Int(bad)!)")
        #expect(try await pair.head.status()[0].setAside == Int(bad))
        #expect(try await pair.branch.status()[0].setAside == Int(bad))
    }

    /// What is parked behind a batch that failed is found without another message.
    @Test(arguments: Pairing.all) func parkedSuccessorsAreFoundAfterAnError(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.item, tables: ["item"])
        for id in 1...4 { try pair.branchDatabase.run("insert into item values (\(id), 'a', 1)") }
        var batches: [InboundBatch] = []
        while let batch = try await pair.nextBatch(changes: 1) { batches.append(batch) }
        for batch in batches[1...] { #expect(try await pair.head.receive(batch, parking: true) == .parked) }
        #expect(try await pair.head.streamsToTend().isEmpty)
        _ = try await pair.head.receive(batches[0], parking: true)
        // Whoever stored the first died before it looked for the others.
        #expect(
            try await pair.head.streamsToTend() == [
                TendedStream(stream: pair.stream, hasParked: true, hasSetAside: false)
            ])
        while let message = try await pair.head.nextParked(of: pair.stream) {
            _ = try await pair.head.receiveParked(InboundBatch(message: message))
        }
        #expect(try await pair.head.status()[0].watermark == 4)
    }

    @Test(arguments: Pairing.all) func aStreamThatIsHeldKeepsWhatComesUpToALimit(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.item, tables: ["item"])
        for id in 1...70 { try pair.branchDatabase.run("insert into item values (\(id), 'a', 1)") }
        var batches: [InboundBatch] = []
        while let claimed = try await pair.branch.claimBatch(of: pair.stream, window: 100, changes: 1) {
            batches.append(try await pair.build(claimed))
        }
        #expect(batches.count == 70)
        #expect(try await pair.head.hold(batches[0], reason: "made up"))
        #expect(try await pair.head.nextParked(of: pair.stream) == nil)
        var parked = 1
        for batch in batches[1...] {
            switch try await pair.head.receive(batch, parking: true) {
            case .parked, .held: parked += 1
            case .dropped: continue
            case let other: Issue.record("\(other)")
            }
        }
        #expect(parked == ReceiverEngine.Limit.parkedBatches)
        let status = try await pair.head.status()[0]
        #expect(status.held == "made up" && status.watermark == 0)
        try await pair.deliverAcks()
        #expect(try await pair.branch.status()[0].held == "made up")
        #expect(try await pair.head.hasten(pair.stream) == 1)
        while let message = try await pair.head.nextParked(of: pair.stream) {
            _ = try await pair.head.receiveParked(InboundBatch(message: message))
        }
        #expect(try await pair.head.status()[0].watermark == Int64(parked))
        for batch in batches { _ = try await pair.head.receive(batch, parking: true) }
        try await pair.deliverAcks()
        #expect(try await pair.branch.status()[0].held == nil)
        #expect(try pair.headDatabase.run("select count(*) from item") == "70")
    }
}

/// One error at one of the calls.
private final class Fault: @unchecked Sendable {
    // Sendable: used by one transaction at a time.
    private var left: Int
    private let error: StoreError

    init(atCall call: Int, _ error: StoreError) {
        left = call
        self.error = error
    }

    func pass() throws(StoreError) {
        left -= 1
        if left == 0 { throw error }
    }
}

/// A transaction of the receiver that fails where it is told to, after the call took effect.
private final class FaultyReceiving: ForwardingBooks {
    private let fault: Fault

    init(_ base: any ReceiverTransaction, _ fault: Fault) {
        self.fault = fault
        super.init(base)
    }

    override func pass<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let value = try body()
        try fault.pass()
        return value
    }
}
