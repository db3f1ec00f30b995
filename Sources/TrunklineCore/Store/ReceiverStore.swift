/// The receiving side of an office's database: rows, watermarks, set-aside rows, pending acks.
public protocol ReceiverStore: Sendable {
    /// Runs `body` in one transaction of the receiving side, on the store's own connection; an error undoes all of it.
    ///
    /// - Parameters:
    ///   - operation: names the work in errors.
    ///   - subject: on what: a stream.
    func receiving<Value: Sendable>(
        _ operation: String, _ subject: String,
        _ body: @escaping @Sendable (any ReceiverTransaction) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value

    /// Takes a batch in one transaction: locks the stream, decides with ``ReceiverDecision``, stores
    /// the rows, sets aside those that cannot be stored, retries what this batch may have mended,
    /// advances the watermark and leaves a pending ack.
    ///
    /// - Parameter parking: what to do above the next number: keep the message in the database (true), or
    ///   change nothing and return `.gap` (false), so that the caller may wait a little first.
    func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome

    /// Takes a batch that was parked; one whose stream is held is tried if its time has come.
    func receiveParked(_ batch: InboundBatch) async throws(StoreError) -> ReceiveOutcome

    /// Holds the stream of a batch that fails again and again, keeping the message; see ``ReceiverEngine``.
    /// - Returns: whether it is held; false when the batch is not the one that its stream waits for.
    func hold(_ batch: InboundBatch, reason: String) async throws(StoreError) -> Bool

    /// Holds a stream of which a batch came that this program does not understand, so that its sender is told; the batch comes
    /// again.
    /// - Returns: whether it is held; false when the stream was never seen.
    func holdUnread(_ stream: StreamID, reason: String) async throws(StoreError) -> Bool

    /// Streams that have something to do without a message: a parked batch whose turn it is, a hold whose time has
    /// come, set-aside rows that are due.
    func streamsToTend() async throws(StoreError) -> [TendedStream]

    /// Lets a stream that is held be tried at once; nil: all of them.
    /// - Returns: how many were held.
    func hasten(_ stream: StreamID?) async throws(StoreError) -> Int

    /// Takes the sender's notice that it stopped a stream: it is shown as stopped here too. One of an epoch that is not
    /// followed changes nothing.
    func takeHalt(_ halt: Halt) async throws(StoreError)

    /// The parked message that is the next of its stream, if there is one and the stream is neither stopped nor held (or
    /// its hold is due): the message's body as it arrived. It leaves the parking place when it is received.
    func nextParked(of stream: StreamID) async throws(StoreError) -> [UInt8]?

    /// Streams of which rows are set aside.
    func streamsWithSetAside() async throws(StoreError) -> [StreamID]

    /// Tries to store set-aside rows again, and leaves a pending ack if any was stored.
    ///
    /// - Parameters:
    ///   - selection: which ones.
    ///   - limit: the most rows to try.
    func retrySetAside(_ selection: SetAsideSelection, limit: Int) async throws(StoreError) -> RetryOutcome

    /// The acks to publish now, the oldest first.
    func pendingAcks(limit: Int) async throws(StoreError) -> [PendingAck]

    /// Forgets a pending ack that was published, unless the stream has news since.
    /// - Throws: ``StoreError`` `.contention` where the stream is busy: the ack stays, and nothing was waited for.
    func removePendingAck(_ ack: PendingAck) async throws(StoreError)
}

/// What became of a batch.
public enum ReceiveOutcome: Hashable, Sendable {
    /// Its rows and the watermark are committed, but for what could not be stored.
    /// - Parameter first: what is said of the first row that was set aside.
    case stored(rows: Int, deletes: Int, setAside: Int, first: SetAsideCause? = nil)
    /// At or below the watermark: nothing to store.
    case duplicate
    /// Above the next number; nothing changed.
    case gap(expected: Int64)
    /// Above the next number; kept in the database.
    case parked
    /// Its stream is held; kept in the database.
    case held(reason: String)
    /// Its stream has as much parked as it may; its sender sends it again.
    case dropped
    /// The sender has an ack of a later batch: this database was restored from an older backup. The batch is not kept,
    /// its sender is told and sends it again.
    case behind(acked: Int64)
    /// It names a table's shape that is not here. The batch is not kept, its sender is told and sends it again, whole.
    case unknownShape(table: TableName)
    /// Of another history (promise 9): the stream is stopped, the batch is kept.
    case stopped(reason: String)
}

/// Why a row of a table was set aside.
public struct SetAsideCause: Hashable, Sendable {
    public var table: TableName
    public var reason: String

    public init(table: TableName, reason: String) {
        self.table = table
        self.reason = reason
    }
}

extension ReceiverStore {
    public func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome {
        try await addingFirst("receive batch", batch.header.stream) { (engine) throws(StoreError) in
            try engine.receive(batch, parking: parking)
        }
    }

    public func receiveParked(_ batch: InboundBatch) async throws(StoreError) -> ReceiveOutcome {
        try await addingFirst("receive batch", batch.header.stream) { (engine) throws(StoreError) in
            try engine.receive(batch, parking: true, isRetry: true)
        }
    }

    /// Works in one transaction; where tables are to get columns for it, each gets them in one of its own before.
    private func addingFirst<Value: Sendable>(
        _ operation: String, _ stream: StreamID,
        _ body: @escaping @Sendable (ReceiverEngine) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let adding = ColumnAdding()
        // Ends: a table wishes once.
        while true {
            do throws(StoreError) {
                return try await receiving(operation, stream.description) { (transaction) throws(StoreError) in
                    try body(ReceiverEngine(transaction, adding: adding))
                }
            } catch {
                guard let wish = adding.takeWish() else { throw error }
                let refusal = try await receiving("add columns", "table \"\(wish.table)\"") {
                    (transaction) throws(StoreError) in
                    try transaction.add(wish.columns, to: wish.table)
                }
                adding.note(wish, refusal: refusal)
            }
        }
    }

    public func hold(_ batch: InboundBatch, reason: String) async throws(StoreError) -> Bool {
        try await receiving("hold stream", batch.header.stream.description) { (transaction) throws(StoreError) in
            try ReceiverEngine(transaction).hold(batch, reason: reason)
        }
    }

    public func holdUnread(_ stream: StreamID, reason: String) async throws(StoreError) -> Bool {
        try await receiving("hold stream", stream.description) { (transaction) throws(StoreError) in
            try ReceiverEngine(transaction).holdUnread(stream, reason: reason)
        }
    }

    public func takeHalt(_ halt: Halt) async throws(StoreError) {
        try await receiving("take halt", halt.stream.description) { (transaction) throws(StoreError) in
            try ReceiverEngine(transaction).stop(by: halt)
        }
    }

    public func retrySetAside(_ selection: SetAsideSelection, limit: Int) async throws(StoreError) -> RetryOutcome {
        var total = RetryOutcome(tried: 0, stored: 0)
        var busy: StoreError?
        let streams = try await streamsWithSetAside().filter { selection.stream == nil || $0 == selection.stream }
        for stream in streams where total.tried < limit {
            let room = limit - total.tried
            do throws(StoreError) {
                let outcome = try await addingFirst("retry set-aside rows", stream) { (engine) throws(StoreError) in
                    try engine.retrySetAside(stream, selection.choice, limit: room)
                }
                total.tried += outcome.tried
                total.stored += outcome.stored
                total.released += outcome.released
            } catch {
                // What a recovery still needs of one stream is no matter of the others.
                guard error == .keepsRows(stream) else { throw error }
                busy = busy ?? error
            }
        }
        if total.tried == 0, let busy { throw busy }
        return total
    }
}

/// A stream that has something to do without a message.
public struct TendedStream: Hashable, Sendable {
    public var stream: StreamID
    /// A parked batch is the next one.
    public var hasParked: Bool
    /// Set-aside rows are due.
    public var hasSetAside: Bool

    public init(stream: StreamID, hasParked: Bool, hasSetAside: Bool) {
        self.stream = stream
        self.hasParked = hasParked
        self.hasSetAside = hasSetAside
    }
}

/// Which set-aside rows to try again.
public struct SetAsideSelection: Hashable, Sendable {
    public var stream: StreamID?
    public var table: TableName?
    /// Only rows that were not tried for at least so long.
    public var notTriedFor: Duration
    /// Only rows whose time has come, see ``RetryChoice/due``; the rest of the selection means nothing then.
    public var onlyDue: Bool
    /// Whether rows that a recovery kept here give way, see ``RetryChoice/kept(table:notTriedFor:)``.
    public var releasesKept: Bool

    var choice: RetryChoice {
        if onlyDue { return .due }
        return releasesKept
            ? .kept(table: table, notTriedFor: notTriedFor) : .requested(table: table, notTriedFor: notTriedFor)
    }

    public init(
        stream: StreamID? = nil, table: TableName? = nil, notTriedFor: Duration = .zero, onlyDue: Bool = false,
        releasesKept: Bool = false
    ) {
        self.stream = stream
        self.table = table
        self.notTriedFor = notTriedFor
        self.onlyDue = onlyDue
        self.releasesKept = releasesKept
    }
}

public struct RetryOutcome: Hashable, Sendable, Codable {
    public var tried: Int
    public var stored: Int
    /// Rows that are kept no longer, see ``RetryChoice/kept(table:notTriedFor:)``.
    public var released = 0

    public init(tried: Int, stored: Int) {
        self.tried = tried
        self.stored = stored
    }
}

/// An ack that waits for publication. `serial` changes whenever the stream has news.
public struct PendingAck: Hashable, Sendable {
    public var serial: Int64
    public var ack: Ack

    public init(serial: Int64, ack: Ack) {
        self.serial = serial
        self.ack = ack
    }
}
