/// The receiving side of an office's database: rows, watermarks, set-aside rows, pending acks.
public protocol ReceiverStore: Sendable {
    /// Takes a batch in one transaction: locks the stream, decides with ``ReceiverDecision``, stores
    /// the rows, sets aside those that cannot be stored, retries what this batch may have mended,
    /// advances the watermark and leaves a pending ack.
    ///
    /// - Parameter parking: what to do above the next number: keep the message in the database (true), or
    ///   change nothing and return `.gap` (false), so that the caller may wait a little first.
    func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome

    /// Takes the sender's notice that it stopped a stream: it is shown as stopped here too. One of an epoch that is not
    /// followed changes nothing.
    func takeHalt(_ halt: Halt) async throws(StoreError)

    /// The parked message that is the next of its stream, if there is one: the message's body as it arrived.
    /// It leaves the parking place when it is received.
    func nextParked(of stream: StreamID) async throws(StoreError) -> [UInt8]?

    /// Tries to store set-aside rows again, and leaves a pending ack if any was stored.
    ///
    /// - Parameters:
    ///   - selection: which ones.
    ///   - limit: the most rows to try; the least recently tried come first.
    func retrySetAside(_ selection: SetAsideSelection, limit: Int) async throws(StoreError) -> RetryOutcome

    /// The acks to publish now, the oldest first.
    func pendingAcks(limit: Int) async throws(StoreError) -> [PendingAck]

    /// Forgets a pending ack that was published, unless the stream has news since.
    func removePendingAck(_ ack: PendingAck) async throws(StoreError)
}

/// What became of a batch.
public enum ReceiveOutcome: Hashable, Sendable {
    /// Its rows and the watermark are committed.
    case stored(rows: Int, deletes: Int, setAside: Int)
    /// At or below the watermark: nothing to store.
    case duplicate
    /// Above the next number; nothing changed.
    case gap(expected: Int64)
    /// Above the next number; kept in the database.
    case parked
    /// The sender has an ack of a later batch: this database was restored from an older backup. The batch is not kept,
    /// its sender is told and sends it again.
    case behind(acked: Int64)
    /// Of another history (promise 9): the stream is stopped, the batch is kept.
    case stopped(reason: String)
}

/// Which set-aside rows to try again.
public struct SetAsideSelection: Hashable, Sendable {
    public var stream: StreamID?
    public var table: TableName?
    /// Only rows that were not tried for at least so long.
    public var notTriedFor: Duration

    public init(stream: StreamID? = nil, table: TableName? = nil, notTriedFor: Duration = .zero) {
        self.stream = stream
        self.table = table
        self.notTriedFor = notTriedFor
    }
}

public struct RetryOutcome: Hashable, Sendable, Codable {
    public var tried: Int
    public var stored: Int

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
