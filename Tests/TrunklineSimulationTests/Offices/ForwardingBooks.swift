import FoundationEssentials
import TrunklineCore

/// The books of a transaction that hand every call on to others, for those that change one of them.
class ForwardingBooks: ReceiverBooks, RowSink {
    let base: any ReceiverBooks & RowSink

    init(_ base: any ReceiverBooks & RowSink) { self.base = base }

    func lock(_ stream: StreamID) throws(StoreError) -> InboundStream? {
        try base.lock(stream)
    }
    func begin(_ stream: StreamID, epoch: UUID, pastEpochs: Set<UUID>) throws(StoreError) {
        try base.begin(stream, epoch: epoch, pastEpochs: pastEpochs)
    }
    func adopt(_ epoch: UUID, of stream: StreamID, pastEpochs: Set<UUID>) throws(StoreError) {
        try base.adopt(epoch, of: stream, pastEpochs: pastEpochs)
    }
    func noteBehind(_ number: Int64, epoch: UUID, of stream: StreamID) throws(StoreError) {
        try base.noteBehind(number, epoch: epoch, of: stream)
    }
    func stop(_ stream: StreamID, reason: String, epoch: UUID, number: Int64) throws(StoreError) {
        try base.stop(stream, reason: reason, epoch: epoch, number: number)
    }
    func stop(by halt: Halt) throws(StoreError) { try base.stop(by: halt) }
    func advance(_ header: BatchHeader, stored: Int, answer: VerificationResult?) throws(StoreError) {
        try base.advance(header, stored: stored, answer: answer)
    }
    func leaveAck(_ stream: StreamID) throws(StoreError) {
        try base.leaveAck(stream)
    }
    func park(_ batch: InboundBatch) throws(StoreError) { try base.park(batch) }
    func unpark(through header: BatchHeader) throws(StoreError) {
        try base.unpark(through: header)
    }
    func shapes(of tables: [TableName], _ stream: StreamID) throws(StoreError) -> [TableName: WireShape] {
        try base.shapes(of: tables, stream)
    }
    func keep(_ shape: WireShape, of table: TableName, _ stream: StreamID) throws(StoreError) {
        try base.keep(shape, of: table, stream)
    }
    func keptShapes(_ stream: StreamID) throws(StoreError) -> (count: Int, bytes: Int) {
        try base.keptShapes(stream)
    }
    func note(_ keeping: ShapeKeeping, _ stream: StreamID) throws(StoreError) {
        try base.note(keeping, stream)
    }
    func parked(_ stream: StreamID) throws(StoreError) -> (batches: Int, bytes: Int) {
        try base.parked(stream)
    }
    func hold(_ stream: StreamID, reason: String, failures: Int, retryIn: Duration) throws(StoreError) {
        try base.hold(stream, reason: reason, failures: failures, retryIn: retryIn)
    }
    func releaseHold(_ stream: StreamID) throws(StoreError) {
        try base.releaseHold(stream)
    }
    func setAside(_ failures: [LineFailure], of stream: StreamID, number: Int64) throws(StoreError) {
        try base.setAside(failures, of: stream, number: number)
    }
    func setAsideSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try base.setAsideSize(stream)
    }
    func supersededSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try base.supersededSize(stream)
    }
    func forgetSetAside(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try base.forgetSetAside(keys, of: table, stream)
    }
    func retryable(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError) -> [SetAsideRow] {
        try base.retryable(stream, choice, limit: limit)
    }
    func noteTried(_ rows: [SetAsideRow], failures: [Int64: LineFailure]) throws(StoreError) {
        try base.noteTried(rows, failures: failures)
    }
    func noteTakesDifferences(_ takes: Bool, _ stream: StreamID) throws(StoreError) {
        try base.noteTakesDifferences(takes, stream)
    }
    func forgetChanges(through version: Int64, _ stream: StreamID) throws(StoreError) {
        try base.forgetChanges(through: version, stream)
    }
    func tellAgain(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try base.tellAgain(after: version, stream)
    }
    func beginListAnew(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try base.beginListAnew(after: version, stream)
    }
    func keptKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> Set<String> {
        try base.keptKeys(of: table, stream)
    }
    func keep(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try base.keep(keys, of: table, stream)
    }
    func keptRows(of table: TableName, _ stream: StreamID, after serial: Int64, limit: Int) throws(StoreError)
        -> [KeptRow]
    {
        try base.keptRows(of: table, stream, after: serial, limit: limit)
    }
    func release(_ serials: [Int64], _ stream: StreamID) throws(StoreError) -> [TableName: [RowKey]] {
        try base.release(serials, stream)
    }
    func release(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) -> Int {
        try base.release(keys, of: table, stream)
    }
    func releaseAll(_ stream: StreamID) throws(StoreError) -> Set<TableName> {
        try base.releaseAll(stream)
    }
    func note(_ recovery: RecoveryMode?, _ stream: StreamID) throws(StoreError) {
        try base.note(recovery, stream)
    }
    func setAsideKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey] {
        try base.setAsideKeys(of: table, stream)
    }
    func keepResult(_ result: VerificationResult) throws(StoreError) {
        try base.keepResult(result)
    }
    func fit(_ table: TableHeader, of stream: StreamID, creating: Bool) throws(StoreError) -> TableFit {
        try base.fit(table, of: stream, creating: creating)
    }
    func apply(_ groups: [LineGroup], of stream: StreamID, individually: Bool) throws(StoreError) -> [LineFailure] {
        try base.apply(groups, of: stream, individually: individually)
    }
    func keepImages(replacedBy groups: [LineGroup], of stream: StreamID) throws(StoreError) {
        try base.keepImages(replacedBy: groups, of: stream)
    }
    func scan(_ table: TableHeader, of stream: StreamID, into digester: inout RowDigester) throws(StoreError) -> String?
    {
        try base.scan(table, of: stream, into: &digester)
    }
    func rows(of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits) throws(StoreError)
        -> FoundRows
    {
        try base.rows(of: keys, table, of: stream, limits)
    }
    func highestKey(_ table: TableHeader, of stream: StreamID) throws(StoreError) -> Int64? {
        try base.highestKey(table, of: stream)
    }

    func wallClock() throws(StoreError) -> Int64 { try base.wallClock() }
    func policy(of table: TableName) throws(StoreError) -> ConflictPolicy {
        try base.policy(of: table)
    }
    func sharedRows(of keys: [RowKey], _ table: TableHeader, _ branch: OfficeID) throws(StoreError) -> [SharedRowState]
    {
        try base.sharedRows(of: keys, table, branch)
    }
    func localVersions(of keys: [RowKey], _ table: TableHeader, locking: Bool) throws(StoreError) -> [LocalVersion?] {
        try base.localVersions(of: keys, table, locking: locking)
    }
    func isJoining(_ table: TableName) throws(StoreError) -> Bool {
        try base.isJoining(table)
    }
    func merging<Value>(_ body: () throws(StoreError) -> Value?) throws(StoreError) -> Value? {
        try base.merging(body)
    }
    func note(_ versions: [NotedVersion], _ table: TableHeader) throws(StoreError) {
        try base.note(versions, table)
    }
    func note(
        _ changes: [(key: RowKey, change: AppliedChange)], _ table: TableHeader, _ branch: OfficeID
    ) throws(StoreError) {
        try base.note(changes, table, branch)
    }
    func answer(_ keys: [RowKey], _ table: TableHeader, _ branch: OfficeID, onlyRouted: Bool) throws(StoreError) {
        try base.answer(keys, table, branch, onlyRouted: onlyRouted)
    }
    func keep(_ conflicts: [Conflict]) throws(StoreError) {
        try base.keep(conflicts)
    }
    func clockTolerance() throws(StoreError) -> Int64 { try base.clockTolerance() }
    func note(clockAhead: Int64?, _ stream: StreamID) throws(StoreError) {
        try base.note(clockAhead: clockAhead, stream)
    }
    func lockConflict(_ id: Int64) throws(StoreError) -> ConflictRecord? { try base.lockConflict(id) }
    func noteResolved(_ id: Int64, _ resolution: String) throws(StoreError) { try base.noteResolved(id, resolution) }
    func header(of table: TableName) throws(StoreError) -> TableHeader { try base.header(of: table) }
    func noteJoined(_ tables: [JoinedTable], _ header: BatchHeader) throws(StoreError) {
        try base.noteJoined(tables, header)
    }
}
