public import FoundationEssentials
public import TrunklineCore

/// The books of a transaction that hand every call on to others, for those that change one of them.
open class ForwardingBooks: ReceiverBooks, RowSink, RowComputer {
    public let base: any ReceiverTransaction

    public init(_ base: any ReceiverTransaction) { self.base = base }

    /// Around every call.
    open func pass<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value { try body() }

    open func lock(_ stream: StreamID) throws(StoreError) -> InboundStream? {
        try pass { () throws(StoreError) in try base.lock(stream) }
    }
    open func begin(_ stream: StreamID, epoch: UUID, pastEpochs: Set<UUID>) throws(StoreError) {
        try pass { () throws(StoreError) in try base.begin(stream, epoch: epoch, pastEpochs: pastEpochs) }
    }
    open func adopt(_ epoch: UUID, of stream: StreamID, pastEpochs: Set<UUID>) throws(StoreError) {
        try pass { () throws(StoreError) in try base.adopt(epoch, of: stream, pastEpochs: pastEpochs) }
    }
    open func noteBehind(_ number: Int64, epoch: UUID, of stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.noteBehind(number, epoch: epoch, of: stream) }
    }
    open func stop(_ stream: StreamID, reason: String, epoch: UUID, number: Int64) throws(StoreError) {
        try pass { () throws(StoreError) in try base.stop(stream, reason: reason, epoch: epoch, number: number) }
    }
    open func stop(by halt: Halt) throws(StoreError) { try pass { () throws(StoreError) in try base.stop(by: halt) } }
    open func advance(_ header: BatchHeader, stored: Int, answer: VerificationResult?) throws(StoreError) {
        try pass { () throws(StoreError) in try base.advance(header, stored: stored, answer: answer) }
    }
    open func leaveAck(_ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.leaveAck(stream) }
    }
    open func park(_ batch: InboundBatch) throws(StoreError) {
        try pass { () throws(StoreError) in try base.park(batch) }
    }
    open func unpark(through header: BatchHeader) throws(StoreError) {
        try pass { () throws(StoreError) in try base.unpark(through: header) }
    }
    open func shapes(of tables: [TableName], _ stream: StreamID) throws(StoreError) -> [TableName: WireShape] {
        try pass { () throws(StoreError) in try base.shapes(of: tables, stream) }
    }
    open func keep(_ shape: WireShape, of table: TableName, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keep(shape, of: table, stream) }
    }
    open func keptShapes(_ stream: StreamID) throws(StoreError) -> (count: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.keptShapes(stream) }
    }
    open func note(_ keeping: ShapeKeeping, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(keeping, stream) }
    }
    open func parked(_ stream: StreamID) throws(StoreError) -> (batches: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.parked(stream) }
    }
    open func hold(_ stream: StreamID, reason: String, failures: Int, retryIn: Duration) throws(StoreError) {
        try pass { () throws(StoreError) in
            try base.hold(stream, reason: reason, failures: failures, retryIn: retryIn)
        }
    }
    open func releaseHold(_ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.releaseHold(stream) }
    }
    open func setAside(_ failures: [LineFailure], of stream: StreamID, number: Int64) throws(StoreError) {
        try pass { () throws(StoreError) in try base.setAside(failures, of: stream, number: number) }
    }
    open func setAsideSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.setAsideSize(stream) }
    }
    open func supersededSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.supersededSize(stream) }
    }
    open func forgetSetAside(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.forgetSetAside(keys, of: table, stream) }
    }
    open func retryable(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError) -> [SetAsideRow] {
        try pass { () throws(StoreError) in try base.retryable(stream, choice, limit: limit) }
    }
    open func noteTried(_ rows: [SetAsideRow], failures: [Int64: LineFailure]) throws(StoreError) {
        try pass { () throws(StoreError) in try base.noteTried(rows, failures: failures) }
    }
    open func noteTakesDifferences(_ takes: Bool, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.noteTakesDifferences(takes, stream) }
    }
    open func forgetChanges(through version: Int64, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.forgetChanges(through: version, stream) }
    }
    open func tellAgain(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.tellAgain(after: version, stream) }
    }
    open func beginListAnew(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.beginListAnew(after: version, stream) }
    }
    open func isStoredInPart(_ table: TableName, _ stream: StreamID) throws(StoreError) -> Bool {
        try pass { () throws(StoreError) in try base.isStoredInPart(table, stream) }
    }

    open func keptKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> Set<String> {
        try pass { () throws(StoreError) in try base.keptKeys(of: table, stream) }
    }
    open func keep(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keep(keys, of: table, stream) }
    }
    open func keptRows(of table: TableName, _ stream: StreamID, after serial: Int64, limit: Int) throws(StoreError)
        -> [KeptRow]
    {
        try pass { () throws(StoreError) in try base.keptRows(of: table, stream, after: serial, limit: limit) }
    }
    open func release(_ serials: [Int64], _ stream: StreamID) throws(StoreError) -> [TableName: [RowKey]] {
        try pass { () throws(StoreError) in try base.release(serials, stream) }
    }
    open func release(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) -> Int {
        try pass { () throws(StoreError) in try base.release(keys, of: table, stream) }
    }
    open func releaseAll(_ stream: StreamID) throws(StoreError) -> Set<TableName> {
        try pass { () throws(StoreError) in try base.releaseAll(stream) }
    }
    open func note(_ recovery: RecoveryMode?, _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(recovery, stream) }
    }
    open func setAsideKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey] {
        try pass { () throws(StoreError) in try base.setAsideKeys(of: table, stream) }
    }
    open func keysStoredInPart(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey] {
        try pass { () throws(StoreError) in try base.keysStoredInPart(of: table, stream) }
    }
    open func keepResult(_ result: VerificationResult) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keepResult(result) }
    }
    open func assume(_ acceptance: TableAcceptance, of table: TableName) { base.assume(acceptance, of: table) }
    open func fit(_ table: TableHeader, of stream: StreamID, for use: TableUse) throws(StoreError) -> TableFit {
        try pass { () throws(StoreError) in try base.fit(table, of: stream, for: use) }
    }
    open func apply(_ groups: [LineGroup], of stream: StreamID, individually: Bool) throws(StoreError) -> [LineFailure]
    {
        try pass { () throws(StoreError) in try base.apply(groups, of: stream, individually: individually) }
    }
    open func keepImages(replacedBy groups: [LineGroup], of stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keepImages(replacedBy: groups, of: stream) }
    }
    open func scan(_ table: TableHeader, of stream: StreamID, into digester: inout RowDigester) throws(StoreError)
        -> String?
    {
        let (reason, own) = try pass { () throws(StoreError) in
            var own = digester
            return (try base.scan(table, of: stream, into: &own), own)
        }
        digester = own
        return reason
    }
    open func rows(of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits)
        throws(StoreError)
        -> FoundRows
    {
        try pass { () throws(StoreError) in try base.rows(of: keys, table, of: stream, limits) }
    }
    open func lock(_ keys: [RowKey], _ table: TableHeader, of stream: StreamID) throws(StoreError) -> Set<Int> {
        try pass { () throws(StoreError) in try base.lock(keys, table, of: stream) }
    }
    open func highestKey(_ table: TableHeader, named name: TableName, of stream: StreamID) throws(StoreError) -> Int64?
    {
        try pass { () throws(StoreError) in try base.highestKey(table, named: name, of: stream) }
    }
    open func isMissingOrMade(_ table: TableName) throws(StoreError) -> Bool {
        try pass { () throws(StoreError) in try base.isMissingOrMade(table) }
    }
    open func mappingRules() throws(StoreError) -> MappingRules {
        try pass { () throws(StoreError) in try base.mappingRules() }
    }
    open func columns(taking table: TableHeader, of stream: StreamID) throws(StoreError) -> [Column]? {
        try pass { () throws(StoreError) in try base.columns(taking: table, of: stream) }
    }
    open func note(_ differences: [TableDifference], _ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(differences, stream) }
    }
    open func missingColumns(of table: TableHeader) throws(StoreError) -> MissingColumns? {
        try pass { () throws(StoreError) in try base.missingColumns(of: table) }
    }
    open func add(_ columns: [Column], to table: TableName) throws(StoreError) -> String? {
        try pass { () throws(StoreError) in try base.add(columns, to: table) }
    }
    open func columns(of table: TableName) throws(StoreError) -> [Column]? {
        try pass { () throws(StoreError) in try base.columns(of: table) }
    }
    open func problem(of computation: RowComputation, over table: TableHeader) throws(StoreError) -> String? {
        try pass { () throws(StoreError) in try base.problem(of: computation, over: table) }
    }
    open func compute(
        _ computation: RowComputation, of group: LineGroup, in stream: StreamID, within budget: inout ComputingBudget
    ) throws(StoreError) -> [ComputedRow] {
        var left = budget
        let rows = try pass { () throws(StoreError) in
            try base.compute(computation, of: group, in: stream, within: &left)
        }
        budget = left
        return rows
    }
    open var computingPatience: Duration { base.computingPatience }
    open func canonical(_ table: TableName) -> TableName { base.canonical(table) }

    open func wallClock() throws(StoreError) -> Int64 { try pass { () throws(StoreError) in try base.wallClock() } }
    open func policy(of table: TableName) throws(StoreError) -> ConflictPolicy {
        try pass { () throws(StoreError) in try base.policy(of: table) }
    }
    open func sharedRows(of keys: [RowKey], _ table: TableHeader, _ branch: OfficeID) throws(StoreError)
        -> [SharedRowState]
    {
        try pass { () throws(StoreError) in try base.sharedRows(of: keys, table, branch) }
    }
    open func localVersions(of keys: [RowKey], _ table: TableHeader, locking: Bool) throws(StoreError)
        -> [LocalVersion?]
    {
        try pass { () throws(StoreError) in try base.localVersions(of: keys, table, locking: locking) }
    }
    open func canKeep(_ key: RowKey) throws(StoreError) -> Bool {
        try pass { () throws(StoreError) in try base.canKeep(key) }
    }
    open func refusedRows(of table: TableName) throws(StoreError) -> [RowKey: String] {
        try pass { () throws(StoreError) in try base.refusedRows(of: table) }
    }
    open func isUnseen(_ table: TableName) throws(StoreError) -> Bool {
        try pass { () throws(StoreError) in try base.isUnseen(table) }
    }
    open func merging<Value>(_ body: () throws(StoreError) -> Value?) throws(StoreError) -> Value? {
        try base.merging(body)
    }
    open func note(_ versions: [NotedVersion], _ table: TableHeader) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(versions, table) }
    }
    open func note(
        _ changes: [(key: RowKey, change: AppliedChange)], _ table: TableHeader, _ branch: OfficeID
    ) throws(StoreError) {
        try pass { () throws(StoreError) in try base.note(changes, table, branch) }
    }
    open func answer(_ keys: [RowKey], _ table: TableHeader, _ branch: OfficeID, onlyRouted: Bool) throws(StoreError) {
        try pass { () throws(StoreError) in try base.answer(keys, table, branch, onlyRouted: onlyRouted) }
    }
    open func conflictSize(_ branch: OfficeID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try pass { () throws(StoreError) in try base.conflictSize(branch) }
    }
    open func keep(_ conflicts: [Conflict]) throws(StoreError) {
        try pass { () throws(StoreError) in try base.keep(conflicts) }
    }
    open func clockTolerance() throws(StoreError) -> Int64 { try base.clockTolerance() }
    open func note(clockAhead: Int64?, _ stream: StreamID) throws(StoreError) {
        try base.note(clockAhead: clockAhead, stream)
    }
    open func lockConflict(_ id: Int64) throws(StoreError) -> ConflictRecord? { try base.lockConflict(id) }
    open func noteResolved(_ id: Int64, _ resolution: String) throws(StoreError) {
        try base.noteResolved(id, resolution)
    }
    open func header(of table: TableName) throws(StoreError) -> TableHeader { try base.header(of: table) }
    open func sharedSince(_ table: TableName) throws(StoreError) -> Int64 {
        try pass { () throws(StoreError) in try base.sharedSince(table) }
    }
    open func joinAnew(_ stream: StreamID) throws(StoreError) {
        try pass { () throws(StoreError) in try base.joinAnew(stream) }
    }
    open func noteJoined(_ tables: [JoinedTable], _ header: BatchHeader) throws(StoreError) {
        try pass { () throws(StoreError) in try base.noteJoined(tables, header) }
    }
}
