public import FoundationEssentials

/// What the sender does with an ack, decided from the stream's row and the ack alone.
public enum AckDecision: Hashable, Sendable {
    /// Of this epoch and history: record it.
    case record
    /// The receiver refused a batch of ours: stop.
    case refused(reason: String)
    /// The receiver lost batches that it had acknowledged: begin a new epoch and send them again.
    case resend
    /// Of an epoch that is over: nothing to do.
    case ignore(reason: String)
    /// This database does not know what the receiver has: it was restored from an older backup, or it is a copy of
    /// another. Stop, and tell the receiver.
    case halt(reason: String)

    /// A receiver that was restored twice in so short a time waits for its rows a little longer.
    public static let secondsBetweenResends = 30

    /// What the sender remembers of its stream.
    public struct Position: Hashable, Sendable {
        public var epoch: UUID
        /// Epochs of this stream that the sender ended.
        public var pastEpochs: Set<UUID>
        /// The last batch that was formed; 0 before the first.
        public var lastFormed: Int64
        /// The last batch of which an ack was recorded.
        public var acked: Int64
        /// Whether it began to send again what the receiver had lost less than ``AckDecision/secondsBetweenResends`` ago.
        public var isFreshlyResent: Bool

        public init(
            epoch: UUID, pastEpochs: Set<UUID>, lastFormed: Int64, acked: Int64, isFreshlyResent: Bool = false
        ) {
            self.epoch = epoch
            self.pastEpochs = pastEpochs
            self.lastFormed = lastFormed
            self.acked = acked
            self.isFreshlyResent = isFreshlyResent
        }
    }

    /// - Parameter ownID: the id of the sender's own batch of the number that the ack names; nil when it is gone.
    public static func decide(_ ack: Ack, at position: Position, ownID: UUID?) -> AckDecision {
        // Of an epoch in which nothing is acked a receiver cannot be behind: else one could begin epochs without end.
        if let behind = ack.behind, behind.epoch == position.epoch, behind.number > 0,
            behind.number <= position.acked,
            ack.epoch != position.epoch || ack.watermark < behind.number
        {
            // Each costs this office a look at all that it sends, and whoever acks may ask for it. It is said again.
            return position.isFreshlyResent
                ? .ignore(
                    reason: "the receiver is behind again, less than \(secondsBetweenResends) s after the last time")
                : .resend
        }
        // It is read at both ends.
        let sender = ack.stream.source == .head ? "the head's database" : "the database of \(ack.stream.source)"
        guard ack.epoch == position.epoch else {
            if position.pastEpochs.contains(ack.epoch) {
                return .ignore(reason: "it is of epoch \(ack.epoch), which is over")
            }
            if let refused = ack.stopped, refused.epoch == position.epoch { return .refused(reason: refused.reason) }
            return .halt(
                reason:
                    "the receiver says that it follows epoch \(ack.epoch), of which \(sender) knows nothing: that was restored from an older backup, or it is a copy"
            )
        }
        if ack.watermark > position.lastFormed {
            return .halt(
                reason:
                    "the receiver says that it has batch \(ack.watermark), \(sender) has formed only \(position.lastFormed): that was restored from an older backup, or it is a copy"
            )
        }
        if let theirs = ack.batchID, let ownID, theirs != ownID {
            return .halt(
                reason:
                    "batch \(ack.watermark) is not the one that the receiver says it has: \(sender) was restored from an older backup, or it is a copy"
            )
        }
        if let refused = ack.stopped, refused.epoch == position.epoch { return .refused(reason: refused.reason) }
        return .record
    }
}
