/// What a link does to the bytes that pass through it. The same in both directions.
public struct LinkCondition: Hashable, Sendable {
    /// What the link carries in each direction, shared by its connections; nil: all.
    public var bytesPerSecond: Double?
    /// For one way.
    public var delay = Duration.zero
    /// Which part of the segments gets lost; see ``LinkFlow`` for what a loss costs.
    public var loss = 0.0
    public var passage = Passage.open

    public enum Passage: Hashable, Sendable {
        case open
        /// Nothing passes; afterwards connections go on as if nothing had been.
        case held
        /// Nothing passes and nothing is answered; afterwards the connections of before are gone, as with a line
        /// that was dialled anew.
        case silent
        /// Connections are reset, new ones too, as by a host without a service.
        case refusing
    }

    public init(
        bytesPerSecond: Double? = nil, delay: Duration = .zero, loss: Double = 0, passage: Passage = .open
    ) {
        self.bytesPerSecond = bytesPerSecond
        self.delay = delay
        self.loss = loss
        self.passage = passage
    }

    public static let good = LinkCondition()
    public static let held = LinkCondition(passage: .held)
    public static let silent = LinkCondition(passage: .silent)
    public static let refusing = LinkCondition(passage: .refusing)

    /// As the label of a fault or a measurement.
    public static func slow(kilobits: Double, roundTrip: Duration, loss: Double = 0) -> LinkCondition {
        LinkCondition(bytesPerSecond: kilobits * 1_000 / 8, delay: roundTrip / 2, loss: loss)
    }
}
