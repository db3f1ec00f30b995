internal import FoundationEssentials
public import Logging

/// Sends a stream's batches: claims the next one, reads its rows, publishes it, and hands it back
/// when the broker does not take it.
///
/// Authoritative are the batches' states in the database. In memory are only the batches whose
/// publisher confirm is awaited; if the process dies with them, the stale reaper finds them.
public actor Publisher: SteppedService {
    public struct Configuration: Sendable {
        public var stream: StreamID
        /// The most batches in flight, sent and not acked.
        public var window = 64
        /// A batch's size, whichever comes first: changes, and bytes before compression.
        public var batchRows = 5_000
        public var batchBytes = 1 << 20
        /// A row of more bytes cannot travel and is set aside.
        public var rowBytes = 16 << 20
        /// After so long without a word of the receiver, and nothing to send, a batch without changes goes; nil: never.
        public var idleInterval: Duration?
        /// How long the broker may take to confirm before the connection is taken for lost.
        public var confirmTimeout = Duration.seconds(30)

        /// A branch's stream to the head.
        public static func upstream(from branch: OfficeID) -> Configuration {
            Configuration(stream: StreamID(from: branch, to: .head))
        }
    }

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any SenderStore & AdministrationStore
    private let outbox: any Outbox
    private let logger: Logger
    private let clock: ServiceClock
    private let telemetry: ServiceTelemetry

    private struct ReadBatch: Sendable {
        var batch: ClaimedBatch
        var tables: [TableContent]
    }

    private struct Unconfirmed: Sendable {
        var batch: ClaimedBatch
        /// Before compression.
        var bytes: Int
        var publishedAt: ContinuousClock.Instant
    }

    /// To be packed and published while the next one is read.
    private var ready: ReadBatch?
    private var unconfirmed: [MessageTag: Unconfirmed] = [:]
    private var unconfirmedHalt: (MessageTag, Halt)?
    /// Stays true when a publish fails.
    private var isPublishing = false
    private var lastConfirm: ContinuousClock.Instant
    private var nextRareNews: ContinuousClock.Instant
    private var nextIdleBatch: ContinuousClock.Instant
    private var sizing: BatchSizing
    private var pace: LinkPace
    /// What the broker did not take, and when it is tried again: each try may cost the line a batch.
    private var untaken: (reason: String, times: Int, until: ContinuousClock.Instant)?
    /// The longest message that the broker takes, as far as it has said so to this process.
    private var messageLimit = Int.max
    private var toldShapes = ToldShapes()

    public init(
        name: String, configuration: Configuration, store: any SenderStore & AdministrationStore,
        outbox: any Outbox, logger: Logger, clock: ServiceClock = ServiceClock(),
        telemetry: ServiceTelemetry = .silent
    ) {
        self.name = name
        self.configuration = configuration
        self.store = store
        self.outbox = outbox
        self.logger = logger
        self.clock = clock
        self.telemetry = telemetry
        telemetry.show(
            [Metrics.sentBatches, Metrics.sentRows, Metrics.sentBytes, Metrics.refusedBatches],
            configuration.stream.description)
        lastConfirm = clock.now
        nextRareNews = clock.now
        nextIdleBatch = clock.now
        pace = LinkPace(bytes: configuration.batchBytes)
        sizing = BatchSizing(rows: configuration.batchRows, bytes: pace.batchBytes)
    }

    public func step() async throws -> StepResult {
        do {
            return try await work()
        } catch let error as BrokerError {
            // Rows are measured before they are packed, so what keeps to it then fits for certain.
            if error.code == .tooLarge, let limit = error.limit { messageLimit = min(messageLimit, limit) }
            throw error
        }
    }

    private func work() async throws -> StepResult {
        try await outbox.keepAlive()
        _ = try await settle(within: .zero)
        try await sendRareNews()
        let outgoing = ready
        ready = nil
        async let sending: Void = send(outgoing)
        do {
            ready = try await readNext()
        } catch {
            try? await sending
            throw error
        }
        try await sending
        if ready != nil || outgoing != nil { return .worked }
        guard !unconfirmed.isEmpty else { return .idle }
        return try await settle(within: .milliseconds(20)) ? .worked : .idle
    }

    public func waitForWork() async throws {
        try await store.wait(for: .changes, within: unconfirmed.isEmpty ? .seconds(1) : .milliseconds(50))
    }

    public func recover() async {
        if !unconfirmed.isEmpty || isPublishing { pace.interrupted() }
        isPublishing = false
        await release(unconfirmed.values.map(\.batch) + (ready.map { [$0.batch] } ?? []))
        unconfirmed = [:]
        unconfirmedHalt = nil
        ready = nil
        await outbox.close()
    }

    public func shutdown() async {
        _ = try? await settle(within: .seconds(2))
        await recover()
        await store.close()
    }

    public func trouble() -> String? { untaken?.reason }

    private func readNext() async throws -> ReadBatch? {
        if let untaken, clock.now < untaken.until { return nil }
        guard unconfirmed.values.reduce(0, { $0 + $1.bytes }) < pace.unconfirmedBytes else { return nil }
        // Leaves room for the header line, and for a batch that comes out a quarter larger.
        sizing.bytes = min(pace.batchBytes, max(messageLimit / 4 * 3, 1))
        guard
            let claimed = try await store.claimBatch(
                of: configuration.stream, window: configuration.window, changes: sizing.changes)
        else { return nil }
        do {
            return try await read(claimed)
        } catch {
            await release([claimed])
            throw error
        }
    }

    private func send(_ outgoing: ReadBatch?) async throws {
        guard let batch = outgoing?.batch, let tables = outgoing?.tables else { return }
        do {
            let named = toldShapes.send(tables.map { ($0.name, $0.shape.hash) }, in: batch)
            let body = try BatchEncoder.encode(batch, tables: tables, naming: named, level: pace.compressionLevel)
            let now = clock.now
            if unconfirmed.isEmpty { lastConfirm = now }
            pace.published(at: now, isAlone: unconfirmed.isEmpty)
            isPublishing = true
            let tag = try await outbox.send(
                Envelope(
                    from: batch.stream.source, to: batch.stream.destination, kind: .batch,
                    id: batch.id.uuidString.lowercased(), contentType: ContentType.batch,
                    contentEncoding: ContentType.zstd, body: body))
            isPublishing = false
            unconfirmed[tag] = Unconfirmed(batch: batch, bytes: Self.bytes(of: tables), publishedAt: now)
            let rows = tables.reduce(0) { $0 + $1.rowCount + $1.deleteCount }
            try await store.noteSent(batch, rows: rows, bytes: body.count)
            let stream = batch.stream.description
            telemetry.count(Metrics.sentBatches, stream)
            telemetry.count(Metrics.sentRows, by: rows, stream)
            telemetry.count(Metrics.sentBytes, by: body.count, stream)
            logger.debug(
                "batch sent",
                metadata: [
                    LogKey.stream: "\(stream)", LogKey.batch: "\(batch.number)", LogKey.batchID: "\(batch.id.logText)",
                    LogKey.attempt: "\(batch.attempt)", LogKey.rows: "\(rows)", LogKey.bytes: "\(body.count)",
                ])
        } catch {
            await release([batch])
            throw error
        }
    }

    /// The batch's content, the batch made smaller first until its rows fit.
    /// - Returns: nil when somebody else has the batch meanwhile.
    private func read(_ claimed: ClaimedBatch) async throws -> ReadBatch? {
        var batch = claimed
        let limits = ReadLimits(
            batchBytes: sizing.readLimit, rowBytes: min(configuration.rowBytes, messageLimit / 8 * 7))
        while true {
            var reading = try await store.readBatch(batch, limits: limits)
            if case .content(let tables) = reading, let fitting = HeaderSize.fitting(tables, changes: batch.changes) {
                reading = .tooLarge(fitting: fitting)
            }
            switch reading {
            case .content(let tables):
                sizing.learn(changes: batch.changes, bytes: Self.bytes(of: tables))
                return ReadBatch(batch: batch, tables: tables)
            case .tooLarge(let fitting):
                sizing.learn(changes: fitting, bytes: sizing.bytes)
                guard let smaller = try await store.splitBatch(batch, keeping: min(fitting, max(1, batch.changes - 1)))
                else { return nil }
                batch = smaller
            }
        }
    }

    /// Takes the confirmations that are there.
    /// - Returns: whether there were any.
    private func settle(within timeout: Duration) async throws -> Bool {
        guard !unconfirmed.isEmpty || unconfirmedHalt != nil else { return false }
        let confirmations = try await outbox.confirmations(within: timeout)
        guard !confirmations.isEmpty else {
            try checkPatience()
            return false
        }
        lastConfirm = clock.now
        var absence: Confirmation.Reason?
        var refusal: Confirmation.Reason?
        for confirmation in confirmations {
            switch confirmation {
            case .confirmed(let tag):
                if let halt = takeHalt(tag) { try await store.haltPublished(halt) }
                guard let sent = unconfirmed.removeValue(forKey: tag) else { continue }
                untaken = nil
                pace.confirmed(bytes: sent.bytes, publishedAt: sent.publishedAt, at: lastConfirm)
            case .refused(let tag, let reason):
                _ = takeHalt(tag)
                if let sent = unconfirmed.removeValue(forKey: tag) { try await refused(sent.batch) }
                refusal = reason
            case .untaken(let tag, let reason):
                _ = takeHalt(tag)
                if let sent = unconfirmed.removeValue(forKey: tag) { try await refused(sent.batch) }
                absence = reason
            }
        }
        if let absence {
            throw notTaken(
                "\(absence.meaning) for stream \(configuration.stream) (\(absence.word)); run \"trunkline branch add \(configuration.stream.source)\" at the head"
            )
        }
        if let refusal {
            throw notTaken(
                "the broker refused a batch of stream \(configuration.stream) (\(refusal.word)): \(refusal.meaning); it is sent again when head-ingestor has taken what waits there"
            )
        }
        return true
    }

    private func notTaken(_ reason: String) -> ServiceFailure {
        let times = (untaken?.times ?? 0) + 1
        untaken = (reason, times, clock.now + min(.seconds(15), .milliseconds(250) * (1 << min(times, 6))))
        return ServiceFailure(reason)
    }

    private func refused(_ batch: ClaimedBatch) async throws {
        telemetry.count(Metrics.refusedBatches, batch.stream.description)
        try await store.releaseBatch(batch)
    }

    private func checkPatience() throws {
        if clock.now - lastConfirm > configuration.confirmTimeout {
            throw ServiceFailure("the broker confirmed nothing for \(configuration.confirmTimeout)")
        }
    }

    private static func bytes(of tables: [TableContent]) -> Int {
        tables.reduce(0) { $0 + $1.rows.count + $1.deletes.count }
    }

    private func takeHalt(_ tag: MessageTag) -> Halt? {
        guard let (haltTag, halt) = unconfirmedHalt, haltTag == tag else { return nil }
        unconfirmedHalt = nil
        return halt
    }

    /// What is looked for now and then only: a wish for a verification, a stop that the receiver is to be told, and a
    /// long silence.
    private func sendRareNews() async throws {
        guard clock.now >= nextRareNews else { return }
        nextRareNews = clock.now + .milliseconds(500)
        _ = try await store.formVerification(of: configuration.stream)
        if let silence = configuration.idleInterval, clock.now >= nextIdleBatch {
            nextIdleBatch = clock.now + silence / 2
            _ = try await store.formIdleBatch(of: configuration.stream, after: silence)
        }
        if unconfirmedHalt == nil, let halt = try await store.pendingHalt(of: configuration.stream) {
            let tag = try await outbox.send(
                Envelope(
                    from: halt.stream.source, to: halt.stream.destination, kind: .halt,
                    id: UUID().uuidString.lowercased(), contentType: ContentType.halt, contentEncoding: nil,
                    body: try halt.encoded()))
            unconfirmedHalt = (tag, halt)
        }
    }

    /// Best effort: what stays `sent` is the stale reaper's.
    private func release(_ batches: [ClaimedBatch]) async {
        for batch in batches.sorted(by: { $0.number < $1.number }) {
            do { try await store.releaseBatch(batch) } catch { return }
        }
    }
}
