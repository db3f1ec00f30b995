internal import FoundationEssentials
public import Logging

/// Sends the batches of all streams of its office: claims the next one, reads its rows, publishes it, and hands it back
/// when the broker does not take it.
///
/// Authoritative are the batches' states in the database. In memory are only the batches whose
/// publisher confirm is awaited; if the process dies with them, the stale reaper finds them. Streams take turns, a batch
/// each; one that fails, or whose queue is missing, waits alone.
public actor Publisher: SteppedService {
    public struct Configuration: Sendable {
        /// The most batches of a stream in flight, sent and not acked.
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

        public init() {}
    }

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any SenderStore & AdministrationStore
    private let verifications: (any SenderStore & AdministrationStore)?
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

    private var streams: [StreamID: StreamSending] = [:]
    /// Those that have something to do, in their turn; what they had is looked at anew when all had their turn.
    private var turns: [StreamID] = []
    private var hasWorked = false
    /// Whose rows are being read for a comparison, beside the steps.
    private var verifying: StreamID?
    /// To be packed and published while the next one is read.
    private var ready: ReadBatch?
    private var unconfirmed: [MessageTag: Unconfirmed] = [:]
    /// Stays true when a publish fails.
    private var isPublishing = false
    private var lastConfirm: ContinuousClock.Instant
    private var sizing: BatchSizing
    private var round = SendingRound()
    private var pace: LinkPace
    private var shared = SharedContent()
    /// The longest message that the broker takes, as far as it has said so to this process.
    private var messageLimit = Int.max

    /// - Parameter verifications: a store of the same database, over which comparisons of streams are prepared, one at a
    ///   time, while the other streams go on; nil: each is within the steps.
    public init(
        name: String, configuration: Configuration, store: any SenderStore & AdministrationStore,
        verifications: (any SenderStore & AdministrationStore)? = nil, outbox: any Outbox, logger: Logger,
        clock: ServiceClock = ServiceClock(),
        telemetry: ServiceTelemetry = .silent
    ) {
        self.name = name
        self.configuration = configuration
        self.store = store
        self.verifications = verifications
        self.outbox = outbox
        self.logger = logger
        self.clock = clock
        self.telemetry = telemetry
        lastConfirm = clock.now
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
        if isFull { return try await settle(within: .milliseconds(20)) ? .worked : .idle }
        if !turns.isEmpty { return .worked }
        if hasWorked {
            hasWorked = false
            return .worked
        }
        guard !unconfirmed.isEmpty else { return .idle }
        return try await settle(within: .milliseconds(20)) ? .worked : .idle
    }

    /// Whether as much is on its way to the broker as suits the link.
    private var isFull: Bool { unconfirmed.values.reduce(0) { $0 + $1.bytes } >= pace.unconfirmedBytes }

    public func waitForWork() async throws {
        // What ends by itself notifies nobody.
        let isSoon = !unconfirmed.isEmpty || verifying != nil
        try await store.wait(for: .changes, within: isSoon ? .milliseconds(50) : .seconds(1))
    }

    public func recover() async {
        if !unconfirmed.isEmpty || isPublishing { pace.interrupted() }
        isPublishing = false
        await release(unconfirmed.values.map(\.batch) + (ready.map { [$0.batch] } ?? []))
        unconfirmed = [:]
        for stream in streams.keys { streams[stream]!.unconfirmedHalt = nil }
        ready = nil
        turns = []
        // The database may be another one, put back from a backup.
        shared = SharedContent()
        await outbox.close()
    }

    public func shutdown() async {
        _ = try? await settle(within: .seconds(2))
        await recover()
        await store.close()
        await verifications?.close()
    }

    public func trouble() -> String? {
        let troubles = streams.sorted { $0.key < $1.key }.compactMap(\.value.trouble?.reason)
        guard let first = troubles.first else { return nil }
        return troubles.count == 1 ? first : "\(first) (and \(troubles.count - 1) more)"
    }

    // MARK: Turns

    /// The next batch of the stream whose turn it is.
    private func readNext() async throws -> ReadBatch? {
        guard !isFull else { return nil }
        if turns.isEmpty {
            turns = try await store.streamsWithWork(window: configuration.window, silence: configuration.idleInterval)
            // Nothing is kept in mind of streams that are well and have nothing to do, but what their receivers know.
            for stream in turns where streams[stream] == nil { streams[stream] = StreamSending(at: clock.now) }
            turns.removeAll { streams[$0]!.isWaiting(at: clock.now) || $0 == verifying }
        }
        guard !turns.isEmpty else { return nil }
        let stream = turns.removeFirst()
        do {
            return try await takeTurn(stream)
        } catch let error as StoreError where error.owner != .database {
            failed(stream, "\(error)")
            return nil
        }
    }

    private func takeTurn(_ stream: StreamID) async throws -> ReadBatch? {
        // Leaves room for the header line, and for a batch that comes out a quarter larger.
        sizing.bytes = min(pace.batchBytes, max(messageLimit / 4 * 3, 1))
        let changes = round.changes(for: stream, now: sizing.changes)
        let isRareNewsDue = streams[stream]!.isRareNewsDue(at: clock.now)
        if isRareNewsDue { try await sendRareNews(of: stream) }
        guard verifying != stream else { return nil }
        guard
            let claimed = try await store.claimBatch(of: stream, window: configuration.window, changes: changes)
        else {
            if !isRareNewsDue { try await sendRareNews(of: stream) }
            return nil
        }
        hasWorked = true
        do {
            let batch = try await read(claimed)
            turns.append(stream)
            return batch
        } catch {
            await release([claimed])
            throw error
        }
    }

    private func failed(_ stream: StreamID, _ reason: String) {
        streams[stream, default: StreamSending(at: clock.now)].failed(reason, at: clock.now)
        logger.warning(
            "stream failed, will try again", metadata: [LogKey.stream: "\(stream)", LogKey.error: "\(reason)"])
    }

    // MARK: Batches

    private func send(_ outgoing: ReadBatch?) async throws {
        guard let batch = outgoing?.batch, let tables = outgoing?.tables else { return }
        do {
            // Of a table whose rows are not taken the shape is all that is said.
            let shapes = tables.filter { $0.rowCount + $0.deleteCount > 0 }.map { ($0.name, $0.shape.hash) }
            let named = streams[batch.stream, default: StreamSending(at: clock.now)].toldShapes.send(
                shapes, in: batch)
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
            note(batch, rows: rows, bytes: body.count)
        } catch {
            await release([batch])
            throw error
        }
    }

    private func note(_ batch: ClaimedBatch, rows: Int, bytes: Int) {
        let stream = batch.stream.description
        telemetry.show([Metrics.sentBatches, Metrics.sentRows, Metrics.sentBytes, Metrics.refusedBatches], stream)
        telemetry.count(Metrics.sentBatches, stream)
        telemetry.count(Metrics.sentRows, by: rows, stream)
        telemetry.count(Metrics.sentBytes, by: bytes, stream)
        logger.debug(
            "batch sent",
            metadata: [
                LogKey.stream: "\(stream)", LogKey.batch: "\(batch.number)", LogKey.batchID: "\(batch.id.logText)",
                LogKey.attempt: "\(batch.attempt)", LogKey.rows: "\(rows)", LogKey.bytes: "\(bytes)",
            ])
    }

    /// The batch's content, the batch made smaller first until its rows fit.
    /// - Returns: nil when somebody else has the batch meanwhile.
    private func read(_ claimed: ClaimedBatch) async throws -> ReadBatch? {
        var batch = claimed
        let limits = ReadLimits(
            batchBytes: sizing.readLimit, rowBytes: min(configuration.rowBytes, messageLimit / 8 * 7))
        while true {
            if let tables = shared.tables(of: batch), Self.bytes(of: tables) <= limits.batchBytes {
                return ReadBatch(batch: batch, tables: batch.taken(of: tables))
            }
            let reading = try await read(batch, limits)
            switch reading {
            case .content(let tables):
                sizing.learn(changes: batch.changes, bytes: Self.bytes(of: tables))
                shared.keep(tables, of: batch)
                return ReadBatch(batch: batch, tables: batch.taken(of: tables))
            case .tooLarge(let fitting):
                sizing.learn(changes: fitting, bytes: sizing.bytes)
                let kept = min(fitting, max(1, batch.changes - 1))
                shared.noteSplit(of: batch, keeping: kept)
                guard let smaller = try await store.splitBatch(batch, keeping: kept) else { return nil }
                batch = smaller
            }
        }
    }

    private func read(_ batch: ClaimedBatch, _ limits: ReadLimits) async throws -> BatchReading {
        if let fitting = shared.split(of: batch) { return .tooLarge(fitting: fitting) }
        let reading = try await store.readBatch(batch, limits: limits)
        guard case .content(let tables) = reading, let fitting = HeaderSize.fitting(tables, changes: batch.changes)
        else { return reading }
        return .tooLarge(fitting: fitting)
    }

    // MARK: Confirmations

    /// Takes the confirmations that are there.
    /// - Returns: whether there were any.
    private func settle(within timeout: Duration) async throws -> Bool {
        guard !unconfirmed.isEmpty || streams.values.contains(where: { $0.unconfirmedHalt != nil }) else {
            return false
        }
        let confirmations = try await outbox.confirmations(within: timeout)
        guard !confirmations.isEmpty else {
            try checkPatience()
            return false
        }
        lastConfirm = clock.now
        // One failure of a stream, however many of its batches came back.
        var failures: [StreamID: String] = [:]
        for confirmation in confirmations {
            switch confirmation {
            case .confirmed(let tag):
                if let halt = takeHalt(tag) { try await store.haltPublished(halt) }
                guard let sent = unconfirmed.removeValue(forKey: tag) else { continue }
                streams[sent.batch.stream]?.succeeded()
                pace.confirmed(bytes: sent.bytes, publishedAt: sent.publishedAt, at: lastConfirm)
            case .refused(let tag, let reason):
                guard let stream = try await notTaken(tag) else { continue }
                let receiver = stream.destination == .head ? "head-ingestor" : "branch-ingestor"
                failures[stream] =
                    "the broker refused a batch of stream \(stream) (\(reason.word)): \(reason.meaning); it is sent again when \(receiver) has taken what waits there"
            case .untaken(let tag, let reason):
                guard let stream = try await notTaken(tag) else { continue }
                failures[stream] =
                    "\(reason.meaning) for stream \(stream) (\(reason.word)); run \"trunkline branch add \(stream.branch)\" at the head"
            }
        }
        for (stream, reason) in failures { failed(stream, reason) }
        return true
    }

    /// Hands a batch back.
    /// - Returns: its stream; nil when it was no batch.
    private func notTaken(_ tag: MessageTag) async throws -> StreamID? {
        if let halt = takeHalt(tag) { return halt.stream }
        guard let batch = unconfirmed.removeValue(forKey: tag)?.batch else { return nil }
        telemetry.count(Metrics.refusedBatches, batch.stream.description)
        try await store.releaseBatch(batch)
        turns.removeAll { $0 == batch.stream }
        return batch.stream
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
        for (stream, sending) in streams {
            guard let (haltTag, halt) = sending.unconfirmedHalt, haltTag == tag else { continue }
            streams[stream]!.unconfirmedHalt = nil
            return halt
        }
        return nil
    }

    /// What is looked for now and then only: a wish for a verification, a stop that the receiver is to be told, and a
    /// long silence.
    private func sendRareNews(of stream: StreamID) async throws {
        streams[stream]!.lookedForRareNews(at: clock.now)
        if let verifications {
            if verifying == nil, try await store.isVerificationDue(of: stream) {
                verifying = stream
                turns.removeAll { $0 == stream }
                Task { await verify(stream, over: verifications) }
            }
        } else if try await store.formVerification(of: stream) {
            hasWorked = true
        }
        if let silence = configuration.idleInterval, try await store.formIdleBatch(of: stream, after: silence) {
            hasWorked = true
        }
        guard streams[stream]!.unconfirmedHalt == nil, let halt = try await store.pendingHalt(of: stream) else {
            return
        }
        let tag = try await outbox.send(
            Envelope(
                from: halt.stream.source, to: halt.stream.destination, kind: .halt,
                id: UUID().uuidString.lowercased(), contentType: ContentType.halt, contentEncoding: nil,
                body: try halt.encoded()))
        streams[stream]!.unconfirmedHalt = (tag, halt)
    }

    private func verify(_ stream: StreamID, over store: any SenderStore) async {
        do {
            if try await store.formVerification(of: stream) { hasWorked = true }
        } catch {
            failed(stream, "\(error)")
        }
        verifying = nil
    }

    /// Best effort: what stays `sent` is the stale reaper's.
    private func release(_ batches: [ClaimedBatch]) async {
        for batch in batches.sorted(by: { ($0.number, $0.stream) < ($1.number, $1.stream) }) {
            do { try await store.releaseBatch(batch) } catch { return }
        }
    }
}
