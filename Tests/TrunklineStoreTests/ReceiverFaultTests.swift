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
private final class FaultyReceiving: ReceiverBooks, RowSink {
    private let base: any ReceiverBooks & RowSink
    private let fault: Fault

    init(_ base: any ReceiverBooks & RowSink, _ fault: Fault) {
        self.base = base
        self.fault = fault
    }

    private func pass<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let value = try body()
        try fault.pass()
        return value
    }

    func lock(_ stream: StreamID) throws(StoreError) -> InboundStream? {
        try pass { () throws(StoreError) in try base.lock(stream) }
    }
    func begin(_ stream: StreamID, epoch: UUID, pastEpochs: Set<UUID>) throws(StoreError) {
        try pass { () throws(StoreError) in try base.begin(stream, epoch: epoch, pastEpochs: pastEpochs) }
    }
    func adopt(_ epoch: UUID, of stream: StreamID, pastEpochs: Set<UUID>) throws(StoreError) {
        try pass { () throws(StoreError) in try base.adopt(epoch, of: stream, pastEpochs: pastEpochs) }
    }
    func noteBehind(_ number: Int64, epoch: UUID, of stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.noteBehind(number, epoch: epoch, of: stream) }
    }
    func stop(_ stream: StreamID, reason: String, epoch: UUID, number: Int64) throws(StoreError) {
        try pass { () throws(StoreError) in try base.stop(stream, reason: reason, epoch: epoch, number: number) }
    }
    func stop(by halt: Halt) throws(StoreError) { try pass { () throws(StoreError) in try base.stop(by: halt) } }
    func advance(_ header: BatchHeader, stored: Int, answer: VerificationResult?) throws(StoreError) {
        try pass { () throws(StoreError) in try base.advance(header, stored: stored, answer: answer) }
    }
    func leaveAck(_ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.leaveAck(stream) }
    }
    func park(_ batch: InboundBatch) throws(StoreError) { try pass { () throws(StoreError) in try base.park(batch) } }
    func unpark(through header: BatchHeader) throws(StoreError) {
        try pass { () throws(StoreError) in try base.unpark(through: header) }
    }
    func shapes(of tables: [TableName], _ stream: StreamID) throws(StoreError) -> [TableName: WireShape] {
        try pass { () throws(StoreError) in try base.shapes(of: tables, stream) }
    }
    func keep(_ shape: WireShape, of table: TableName, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keep(shape, of: table, stream) }
    }
    func keptShapes(_ stream: StreamID) throws(StoreError) -> (count: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.keptShapes(stream) }
    }
    func note(_ keeping: ShapeKeeping, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(keeping, stream) }
    }
    func parked(_ stream: StreamID) throws(StoreError) -> (batches: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.parked(stream) }
    }
    func hold(_ stream: StreamID, reason: String, failures: Int, retryIn: Duration) throws(StoreError) {
        try pass { () throws(StoreError) in
            try base.hold(stream, reason: reason, failures: failures, retryIn: retryIn)
        }
    }
    func releaseHold(_ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.releaseHold(stream) }
    }
    func setAside(_ failures: [LineFailure], of stream: StreamID, number: Int64) throws(StoreError) {
        try pass { () throws(StoreError) in try base.setAside(failures, of: stream, number: number) }
    }
    func setAsideSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.setAsideSize(stream) }
    }
    func supersededSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.supersededSize(stream) }
    }
    func forgetSetAside(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.forgetSetAside(keys, of: table, stream) }
    }
    func retryable(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError) -> [SetAsideRow] {
        try pass { () throws(StoreError) in try base.retryable(stream, choice, limit: limit) }
    }
    func noteTried(_ rows: [SetAsideRow], failures: [Int64: LineFailure]) throws(StoreError) {
        try pass { () throws(StoreError) in try base.noteTried(rows, failures: failures) }
    }
    func noteTakesDifferences(_ takes: Bool, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.noteTakesDifferences(takes, stream) }
    }
    func forgetChanges(through version: Int64, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.forgetChanges(through: version, stream) }
    }
    func tellAgain(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.tellAgain(after: version, stream) }
    }
    func beginListAnew(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.beginListAnew(after: version, stream) }
    }
    func keptKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> Set<String> {
        try pass { () throws(StoreError) in try base.keptKeys(of: table, stream) }
    }
    func keep(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keep(keys, of: table, stream) }
    }
    func keptRows(of table: TableName, _ stream: StreamID, after serial: Int64, limit: Int) throws(StoreError)
        -> [KeptRow]
    {
        try pass { () throws(StoreError) in try base.keptRows(of: table, stream, after: serial, limit: limit) }
    }
    func release(_ serials: [Int64], _ stream: StreamID) throws(StoreError) -> [TableName: [RowKey]] {
        try pass { () throws(StoreError) in try base.release(serials, stream) }
    }
    func release(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) -> Int {
        try pass { () throws(StoreError) in try base.release(keys, of: table, stream) }
    }
    func releaseAll(_ stream: StreamID) throws(StoreError) -> Set<TableName> {
        try pass { () throws(StoreError) in try base.releaseAll(stream) }
    }
    func note(_ recovery: RecoveryMode?, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(recovery, stream) }
    }
    func setAsideKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey] {
        try pass { () throws(StoreError) in try base.setAsideKeys(of: table, stream) }
    }
    func keepResult(_ result: VerificationResult) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keepResult(result) }
    }
    func fit(_ table: TableHeader, of stream: StreamID, creating: Bool) throws(StoreError) -> TableFit {
        try pass { () throws(StoreError) in try base.fit(table, of: stream, creating: creating) }
    }
    func apply(_ groups: [LineGroup], of stream: StreamID, individually: Bool) throws(StoreError) -> [LineFailure] {
        try pass { () throws(StoreError) in try base.apply(groups, of: stream, individually: individually) }
    }
    func keepImages(replacedBy groups: [LineGroup], of stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keepImages(replacedBy: groups, of: stream) }
    }
    func scan(_ table: TableHeader, of stream: StreamID, into digester: inout RowDigester) throws(StoreError) -> String?
    {
        let reason = try base.scan(table, of: stream, into: &digester)
        try fault.pass()
        return reason
    }
    func rows(of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits) throws(StoreError)
        -> FoundRows
    {
        try pass { () throws(StoreError) in try base.rows(of: keys, table, of: stream, limits) }
    }
    func highestKey(_ table: TableHeader, of stream: StreamID) throws(StoreError) -> Int64? {
        try pass { () throws(StoreError) in try base.highestKey(table, of: stream) }
    }
}

extension FaultyReceiving {
    func wallClock() throws(StoreError) -> Int64 { try pass { () throws(StoreError) in try base.wallClock() } }
    func policy(of table: TableName) throws(StoreError) -> ConflictPolicy {
        try pass { () throws(StoreError) in try base.policy(of: table) }
    }
    func sharedRows(of keys: [RowKey], _ table: TableHeader, _ branch: OfficeID) throws(StoreError) -> [SharedRowState]
    {
        try pass { () throws(StoreError) in try base.sharedRows(of: keys, table, branch) }
    }
    func localVersions(of keys: [RowKey], _ table: TableHeader, locking: Bool) throws(StoreError) -> [LocalVersion?] {
        try pass { () throws(StoreError) in try base.localVersions(of: keys, table, locking: locking) }
    }
    func isJoining(_ table: TableName) throws(StoreError) -> Bool {
        try pass { () throws(StoreError) in try base.isJoining(table) }
    }
    func merging<Value>(_ body: () throws(StoreError) -> Value?) throws(StoreError) -> Value? {
        try base.merging(body)
    }
    func note(_ versions: [NotedVersion], _ table: TableHeader) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(versions, table) }
    }
    func note(
        _ changes: [(key: RowKey, change: AppliedChange)], _ table: TableHeader, _ branch: OfficeID
    ) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(changes, table, branch) }
    }
    func answer(_ keys: [RowKey], _ table: TableHeader, _ branch: OfficeID, onlyRouted: Bool) throws(StoreError) {
        try pass { () throws(StoreError) in try base.answer(keys, table, branch, onlyRouted: onlyRouted) }
    }
    func keep(_ conflicts: [Conflict]) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keep(conflicts) }
    }
    func clockTolerance() throws(StoreError) -> Int64 { try base.clockTolerance() }
    func note(clockAhead: Int64?, _ stream: StreamID) throws(StoreError) {
        try base.note(clockAhead: clockAhead, stream)
    }
    func lockConflict(_ id: Int64) throws(StoreError) -> ConflictRecord? { try base.lockConflict(id) }
    func noteResolved(_ id: Int64, _ resolution: String) throws(StoreError) { try base.noteResolved(id, resolution) }
    func header(of table: TableName) throws(StoreError) -> TableHeader { try base.header(of: table) }
    func noteJoined(_ tables: [JoinedTable], _ header: BatchHeader) throws(StoreError) {
        try pass { () throws(StoreError) in try base.noteJoined(tables, header) }
    }
}
