import FoundationEssentials
import TrunklineCore

/// An office store that hands every call on to another, for those that change one of them.
class ForwardingStore: OfficeStore, @unchecked Sendable {
    // Sendable: `base` is never changed; subclasses say what makes their own state safe.
    let base: any OfficeStore

    init(_ base: any OfficeStore) { self.base = base }

    /// Around every call.
    func pass<Value>(_ body: () async throws(StoreError) -> Value) async throws(StoreError) -> Value {
        try await body()
    }

    func plan(_ tables: [PlannedTable]) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.plan(tables) }
    }

    func initialise(_ setup: OfficeSetup) async throws(StoreError) -> InitialisationReport {
        try await pass { () async throws(StoreError) in try await base.initialise(setup) }
    }
    func planInitialisation(
        _ selection: TableSelection, mapped: [MappedTableRule], countingRows: Bool
    ) async throws(StoreError) -> InitialisationPlan {
        try await pass { () async throws(StoreError) in
            try await base.planInitialisation(selection, mapped: mapped, countingRows: countingRows)
        }
    }
    func owner() async throws(StoreError) -> OfficeID {
        try await pass { () async throws(StoreError) in try await base.owner() }
    }
    func outgoing(_ key: [String], by rule: TableRule) async throws(StoreError) -> OutgoingRow? {
        try await pass { () async throws(StoreError) in try await base.outgoing(key, by: rule) }
    }
    func outgoing(_ rule: TableRule) async throws(StoreError) -> OutgoingTable {
        try await pass { () async throws(StoreError) in try await base.outgoing(rule) }
    }
    func capturedTables() async throws(StoreError) -> [TableName] {
        try await pass { () async throws(StoreError) in try await base.capturedTables() }
    }
    func noteService(_ report: ServiceReport) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.noteService(report) }
    }
    func sendAgain(_ keys: [RowKey], of table: TableName, in stream: StreamID) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.sendAgain(keys, of: table, in: stream) }
    }
    func serviceNotes() async throws(StoreError) -> [ServiceNote] {
        try await pass { () async throws(StoreError) in try await base.serviceNotes() }
    }
    func addBranch(_ branch: OfficeID, brokerUser: String) async throws(StoreError) -> Bool {
        try await pass { () async throws(StoreError) in try await base.addBranch(branch, brokerUser: brokerUser) }
    }
    func branch(_ id: OfficeID) async throws(StoreError) -> Branch? {
        try await pass { () async throws(StoreError) in try await base.branch(id) }
    }
    func branches() async throws(StoreError) -> [Branch] {
        try await pass { () async throws(StoreError) in try await base.branches() }
    }
    func setSuspended(_ isSuspended: Bool, branch: OfficeID) async throws(StoreError) -> Bool {
        try await pass { () async throws(StoreError) in try await base.setSuspended(isSuspended, branch: branch) }
    }
    func removeBranch(_ branch: OfficeID) async throws(StoreError) -> Bool {
        try await pass { () async throws(StoreError) in try await base.removeBranch(branch) }
    }
    func resync(_ table: TableName?, to branch: OfficeID?) async throws(StoreError) -> Int {
        try await pass { () async throws(StoreError) in try await base.resync(table, to: branch) }
    }
    func wait(for news: StoreNews, within timeout: Duration) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.wait(for: news, within: timeout) }
    }
    func conflicts(matching filter: ConflictFilter) async throws(StoreError) -> [ConflictRecord] {
        try await pass { () async throws(StoreError) in try await base.conflicts(matching: filter) }
    }
    func conflict(_ id: Int64) async throws(StoreError) -> ConflictRecord? {
        try await pass { () async throws(StoreError) in try await base.conflict(id) }
    }
    func waitingConflicts() async throws(StoreError) -> Int {
        try await pass { () async throws(StoreError) in try await base.waitingConflicts() }
    }
    func close() async { await base.close() }

    func claimBatch(of stream: StreamID, window: Int, changes: Int) async throws(StoreError) -> ClaimedBatch? {
        try await pass { () async throws(StoreError) in
            try await base.claimBatch(of: stream, window: window, changes: changes)
        }
    }
    func readBatch(_ batch: ClaimedBatch, limits: ReadLimits) async throws(StoreError) -> BatchReading {
        try await pass { () async throws(StoreError) in try await base.readBatch(batch, limits: limits) }
    }
    func splitBatch(_ batch: ClaimedBatch, keeping changes: Int) async throws(StoreError) -> ClaimedBatch? {
        try await pass { () async throws(StoreError) in try await base.splitBatch(batch, keeping: changes) }
    }
    func releaseBatch(_ batch: ClaimedBatch) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.releaseBatch(batch) }
    }
    func noteSent(_ batch: ClaimedBatch, rows: Int, bytes: Int) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.noteSent(batch, rows: rows, bytes: bytes) }
    }
    func recordAck(_ ack: Ack) async throws(StoreError) -> AckOutcome {
        try await pass { () async throws(StoreError) in try await base.recordAck(ack) }
    }
    func pendingHalt(of stream: StreamID) async throws(StoreError) -> Halt? {
        try await pass { () async throws(StoreError) in try await base.pendingHalt(of: stream) }
    }
    func haltPublished(_ halt: Halt) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.haltPublished(halt) }
    }
    func beginRecovery(of stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) async throws(StoreError) {
        try await pass { () async throws(StoreError) in
            try await base.beginRecovery(of: stream, mode, newKeys: newKeys)
        }
    }
    func recovery(of stream: StreamID) async throws(StoreError) -> RecoveryState? {
        try await pass { () async throws(StoreError) in try await base.recovery(of: stream) }
    }
    func outboundStreams() async throws(StoreError) -> [StreamID] {
        try await pass { () async throws(StoreError) in try await base.outboundStreams() }
    }
    func streamsWithWork(window: Int, silence: Duration?) async throws(StoreError) -> [StreamID] {
        try await pass { () async throws(StoreError) in
            try await base.streamsWithWork(window: window, silence: silence)
        }
    }
    func streamsToReap(olderThan age: Duration) async throws(StoreError) -> [ReapableStream] {
        try await pass { () async throws(StoreError) in try await base.streamsToReap(olderThan: age) }
    }
    func pruneShared() async throws(StoreError) -> Bool {
        try await pass { () async throws(StoreError) in try await base.pruneShared() }
    }
    func resetStale(
        of stream: StreamID, policy: StalePolicy, quietFor: Duration
    ) async throws(StoreError) -> Int {
        try await pass { () async throws(StoreError) in
            try await base.resetStale(of: stream, policy: policy, quietFor: quietFor)
        }
    }
    func prune(_ stream: StreamID) async throws(StoreError) -> Int {
        try await pass { () async throws(StoreError) in try await base.prune(stream) }
    }
    func requestVerification(_ request: VerificationRequest) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.requestVerification(request) }
    }
    func formIdleBatch(of stream: StreamID, after silence: Duration) async throws(StoreError) -> Bool {
        try await pass { () async throws(StoreError) in try await base.formIdleBatch(of: stream, after: silence) }
    }
    func isVerificationDue(of stream: StreamID) async throws(StoreError) -> Bool {
        try await pass { () async throws(StoreError) in try await base.isVerificationDue(of: stream) }
    }
    func formVerification(of stream: StreamID) async throws(StoreError) -> Bool {
        try await pass { () async throws(StoreError) in try await base.formVerification(of: stream) }
    }

    func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome {
        try await pass { () async throws(StoreError) in try await base.receive(batch, parking: parking) }
    }
    func receiving<Value: Sendable>(
        _ operation: String, _ subject: String,
        _ body: @escaping @Sendable (any ReceiverTransaction) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await pass { () async throws(StoreError) in try await base.receiving(operation, subject, body) }
    }
    func receiveParked(_ batch: InboundBatch) async throws(StoreError) -> ReceiveOutcome {
        try await pass { () async throws(StoreError) in try await base.receiveParked(batch) }
    }
    func hold(_ batch: InboundBatch, reason: String) async throws(StoreError) -> Bool {
        try await pass { () async throws(StoreError) in try await base.hold(batch, reason: reason) }
    }
    func streamsToTend() async throws(StoreError) -> [TendedStream] {
        try await pass { () async throws(StoreError) in try await base.streamsToTend() }
    }
    func streamsWithSetAside() async throws(StoreError) -> [StreamID] {
        try await pass { () async throws(StoreError) in try await base.streamsWithSetAside() }
    }
    func hasten(_ stream: StreamID?) async throws(StoreError) -> Int {
        try await pass { () async throws(StoreError) in try await base.hasten(stream) }
    }
    func takeHalt(_ halt: Halt) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.takeHalt(halt) }
    }
    func nextParked(of stream: StreamID) async throws(StoreError) -> [UInt8]? {
        try await pass { () async throws(StoreError) in try await base.nextParked(of: stream) }
    }
    func retrySetAside(_ selection: SetAsideSelection, limit: Int) async throws(StoreError) -> RetryOutcome {
        try await pass { () async throws(StoreError) in try await base.retrySetAside(selection, limit: limit) }
    }
    func pendingAcks(limit: Int) async throws(StoreError) -> [PendingAck] {
        try await pass { () async throws(StoreError) in try await base.pendingAcks(limit: limit) }
    }
    func removePendingAck(_ ack: PendingAck) async throws(StoreError) {
        try await pass { () async throws(StoreError) in try await base.removePendingAck(ack) }
    }

    func status() async throws(StoreError) -> [StreamStatus] {
        try await pass { () async throws(StoreError) in try await base.status() }
    }
    func rows(of table: TableName, matching filter: RowFilter) async throws(StoreError) -> RowListing {
        try await pass { () async throws(StoreError) in try await base.rows(of: table, matching: filter) }
    }
    func verificationResults(_ id: UUID) async throws(StoreError) -> [VerificationResult] {
        try await pass { () async throws(StoreError) in try await base.verificationResults(id) }
    }
    func tablesHoldingRows(
        of branch: OfficeID, besides tables: [TableName]
    ) async throws(StoreError) -> [TableName] {
        try await pass { () async throws(StoreError) in
            try await base.tablesHoldingRows(of: branch, besides: tables)
        }
    }
}
