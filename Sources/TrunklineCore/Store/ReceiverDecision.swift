public import FoundationEssentials

/// What the receiver does with a batch, decided from the stream's row and the batch's header alone.
public enum ReceiverDecision: Hashable, Sendable {
    /// The next one: store its rows and advance the watermark.
    case store
    /// The first of an epoch that replaces the one that is followed: go over to it, then store.
    case adopt
    /// At or below the watermark, or of an epoch that is over: acknowledge again.
    case duplicate
    /// Above the next: a gap.
    case wait(expected: Int64)
    /// The sender has an ack of ours of which we know nothing: this database was restored from an older backup. Say
    /// so; the sender begins a new epoch and sends what was lost.
    case behind(acked: Int64)
    /// Of another history: stop the stream (promise 9).
    case stop(reason: String)

    /// The receiver's memory of a stream: all that it must remember to make «twice, late or out of
    /// order» come out the same.
    public struct Watermark: Hashable, Sendable {
        public var epoch: UUID
        /// The last batch that was committed; 0 before the first.
        public var number: Int64
        /// The id of that batch; nil before the first.
        public var id: UUID?
        /// Why the stream was stopped; nil while it runs.
        public var stopped: String?
        /// Epochs that are over; one more for each recovery.
        public var pastEpochs: Set<UUID>

        public init(epoch: UUID, number: Int64, id: UUID?, stopped: String? = nil, pastEpochs: Set<UUID> = []) {
            self.epoch = epoch
            self.number = number
            self.id = id
            self.stopped = stopped
            self.pastEpochs = pastEpochs
        }
    }

    /// Each is a recovery, or one that a sender named.
    static let maximalPastEpochs = 256

    /// The epochs that are over for a receiver that goes over to a batch's epoch: those it followed, and those that
    /// the sender names, of which it may have missed some or, since it was restored, forgotten some.
    /// - Parameter watermark: nil for a stream that was never seen.
    public static func pastEpochs(_ header: BatchHeader, after watermark: Watermark?) -> Set<UUID> {
        var past = watermark?.pastEpochs ?? []
        // A sender that makes up epochs without end makes its receiver forget, not remember without end.
        if past.count >= maximalPastEpochs { past = [] }
        if let watermark { past.insert(watermark.epoch) }
        past.formUnion(header.follows ?? [])
        past.remove(header.epoch)
        return past
    }

    /// - Parameter watermark: nil for a stream that was never seen.
    public static func decide(_ header: BatchHeader, after watermark: Watermark?) -> ReceiverDecision {
        guard let watermark else {
            if header.acked > 0 { return .behind(acked: header.acked) }
            return header.number == 1 ? .store : .wait(expected: 1)
        }
        guard header.epoch == watermark.epoch else {
            if let follows = header.follows, follows.contains(watermark.epoch) {
                if header.acked > 0 { return .behind(acked: header.acked) }
                return header.number == 1 ? .adopt : .wait(expected: 1)
            }
            if watermark.pastEpochs.contains(header.epoch) { return .duplicate }
            return .stop(
                reason:
                    "batch \(header.number) is of epoch \(header.epoch), this database follows epoch \(watermark.epoch)"
            )
        }
        if let reason = watermark.stopped { return .stop(reason: reason) }
        if header.acked > watermark.number { return .behind(acked: header.acked) }
        if header.number < watermark.number { return .duplicate }
        if header.number == watermark.number {
            return header.id == watermark.id
                ? .duplicate
                : .stop(reason: "batch \(header.number) is not the batch \(header.number) that was received before")
        }
        guard header.number == watermark.number + 1 else { return .wait(expected: watermark.number + 1) }
        guard header.previousID == watermark.id else {
            return .stop(
                reason: "batch \(header.number) does not follow the batch \(watermark.number) that was received")
        }
        return .store
    }
}
