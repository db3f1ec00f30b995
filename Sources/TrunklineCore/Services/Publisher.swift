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
        public var exchange: String
        public var routingKey: String
        /// The most batches in flight, sent and not acked.
        public var window = 64
        /// A batch's size, whichever comes first: changes, and bytes before compression.
        public var batchRows = 5_000
        public var batchBytes = 1 << 20
        /// A row of more bytes cannot travel and is set aside.
        public var rowBytes = 16 << 20
        /// How long the broker may take to confirm before the connection is taken for lost.
        public var confirmTimeout = Duration.seconds(30)

        /// A branch's stream to the head.
        public static func upstream(from branch: OfficeID) -> Configuration {
            Configuration(
                stream: StreamID(from: branch, to: .head), exchange: Topology.upExchange,
                routingKey: branch.description)
        }
    }

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any SenderStore & AdministrationStore
    private let link: any BrokerLink
    private let logger: Logger
    private let clock: ServiceClock

    private struct ReadBatch: Sendable {
        var batch: ClaimedBatch
        var tables: [TableContent]
    }

    /// To be packed and published while the next one is read.
    private var ready: ReadBatch?
    private var unconfirmed: [MessageTag: ClaimedBatch] = [:]
    private var lastConfirm: ContinuousClock.Instant
    private var nextVerificationCheck: ContinuousClock.Instant
    private var sizing: BatchSizing

    public init(
        name: String, configuration: Configuration, store: any SenderStore & AdministrationStore,
        link: any BrokerLink, logger: Logger, clock: ServiceClock = ServiceClock()
    ) {
        self.name = name
        self.configuration = configuration
        self.store = store
        self.link = link
        self.logger = logger
        self.clock = clock
        lastConfirm = clock.now
        nextVerificationCheck = clock.now
        sizing = BatchSizing(rows: configuration.batchRows, bytes: configuration.batchBytes)
    }

    public func step() async throws -> StepResult {
        try await link.keepAlive()
        try await settle(within: .zero)
        try await formVerification()
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
        try await settle(within: .milliseconds(20))
        return unconfirmed.isEmpty ? .worked : .idle
    }

    public func waitForWork() async throws {
        try await store.wait(for: .changes, within: unconfirmed.isEmpty ? .seconds(1) : .milliseconds(50))
    }

    public func recover() async {
        await release(unconfirmed.values + (ready.map { [$0.batch] } ?? []))
        unconfirmed = [:]
        ready = nil
        await link.close()
    }

    public func shutdown() async {
        try? await settle(within: .seconds(2))
        await recover()
        await store.close()
    }

    private func readNext() async throws -> ReadBatch? {
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
            let body = try BatchEncoder.encode(batch, tables: tables)
            let tag = try await link.publish(
                OutboundMessage(
                    exchange: configuration.exchange, routingKey: configuration.routingKey, type: .batch,
                    messageID: batch.id.uuidString.lowercased(), contentType: ContentType.batch,
                    contentEncoding: ContentType.zstd, body: body))
            if unconfirmed.isEmpty { lastConfirm = clock.now }
            unconfirmed[tag] = batch
            let rows = tables.reduce(0) { $0 + $1.rowCount + $1.deleteCount }
            try await store.noteSent(batch, rows: rows, bytes: body.count)
            logger.debug(
                "batch sent",
                metadata: [
                    LogKey.stream: "\(batch.stream)", LogKey.batch: "\(batch.number)", LogKey.batchID: "\(batch.id)",
                    LogKey.attempt: "\(batch.attempt)", LogKey.rows: "\(rows)", LogKey.bytes: "\(body.count)",
                ])
        } catch {
            await release([batch])
            throw error
        }
    }

    /// The batch's content, the batch made smaller first if its rows turn out too large.
    private func read(_ claimed: ClaimedBatch) async throws -> ReadBatch {
        var batch = claimed
        var limits = ReadLimits(batchBytes: sizing.readLimit, rowBytes: configuration.rowBytes)
        while true {
            switch try await store.readBatch(batch, limits: limits) {
            case .content(let tables):
                sizing.learn(changes: batch.changes, bytes: tables.reduce(0) { $0 + $1.rows.count + $1.deletes.count })
                return ReadBatch(batch: batch, tables: tables)
            case .tooLarge(let fitting):
                sizing.learn(changes: fitting, bytes: configuration.batchBytes)
                if fitting < batch.changes, let smaller = try await store.shrinkBatch(batch, to: fitting) {
                    batch = smaller
                } else {
                    limits.batchBytes = .max
                }
            }
        }
    }

    /// Takes the confirmations that are there.
    private func settle(within timeout: Duration) async throws {
        guard !unconfirmed.isEmpty else { return }
        var unroutable: String?
        for confirmation in try await link.confirmations(within: timeout) {
            lastConfirm = clock.now
            switch confirmation {
            case .confirmed(let tag):
                unconfirmed[tag] = nil
            case .nacked(let tag):
                if let batch = unconfirmed.removeValue(forKey: tag) { try await store.releaseBatch(batch) }
            case .returned(let tag, let reason):
                if let batch = unconfirmed.removeValue(forKey: tag) { try await store.releaseBatch(batch) }
                unroutable = reason
            }
        }
        if let unroutable {
            throw ServiceFailure(
                "the broker has no queue for stream \(configuration.stream) (\(unroutable)); run \"trunkline branch add \(configuration.stream.source)\" at the head"
            )
        }
        if !unconfirmed.isEmpty, clock.now - lastConfirm > configuration.confirmTimeout {
            throw ServiceFailure("the broker confirmed nothing for \(configuration.confirmTimeout)")
        }
    }

    private func formVerification() async throws {
        guard clock.now >= nextVerificationCheck else { return }
        nextVerificationCheck = clock.now + .milliseconds(500)
        _ = try await store.formVerification(of: configuration.stream)
    }

    /// Best effort: what stays `sent` is the stale reaper's.
    private func release(_ batches: [ClaimedBatch]) async {
        for batch in batches.sorted(by: { $0.number < $1.number }) {
            do { try await store.releaseBatch(batch) } catch { return }
        }
    }
}
