public import FoundationEssentials

/// What the receiver does with a batch, decided from the stream's row and the batch's header alone.
public enum ReceiverDecision: Hashable, Sendable {
    /// The next one: store its rows and advance the watermark.
    case store
    /// At or below the watermark: acknowledge again.
    case duplicate
    /// Above the next: a gap.
    case wait(expected: Int64)
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

        public init(epoch: UUID, number: Int64, id: UUID?, stopped: String? = nil) {
            self.epoch = epoch
            self.number = number
            self.id = id
            self.stopped = stopped
        }
    }

    /// - Parameter watermark: nil for a stream that was never seen.
    public static func decide(_ header: BatchHeader, after watermark: Watermark?) -> ReceiverDecision {
        guard let watermark else {
            return header.number == 1 ? .store : .wait(expected: 1)
        }
        if let reason = watermark.stopped { return .stop(reason: reason) }
        guard header.epoch == watermark.epoch else {
            return .stop(
                reason:
                    "batch \(header.number) is of epoch \(header.epoch), this database follows epoch \(watermark.epoch)"
            )
        }
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
