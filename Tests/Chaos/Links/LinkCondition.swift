/// What a link does to the bytes that pass through it. The same in both directions.
struct LinkCondition: Hashable, Sendable {
    /// What the link carries in each direction, shared by its connections; nil: all.
    var bytesPerSecond: Double?
    /// For one way.
    var delay = Duration.zero
    /// Which part of the segments gets lost; see ``LinkFlow`` for what a loss costs.
    var loss = 0.0
    var passage = Passage.open

    enum Passage: Hashable, Sendable {
        case open
        /// Nothing passes; afterwards connections go on as if nothing had been.
        case held
        /// Nothing passes and nothing is answered; afterwards the connections of before are gone, as with a line
        /// that was dialled anew.
        case silent
        /// Connections are reset, new ones too, as by a host without a service.
        case refusing
    }

    static let good = LinkCondition()
    static let held = LinkCondition(passage: .held)
    static let silent = LinkCondition(passage: .silent)
    static let refusing = LinkCondition(passage: .refusing)

    /// As the label of a fault or a measurement.
    static func slow(kilobits: Double, roundTrip: Duration, loss: Double = 0) -> LinkCondition {
        LinkCondition(bytesPerSecond: kilobits * 1_000 / 8, delay: roundTrip / 2, loss: loss)
    }
}
