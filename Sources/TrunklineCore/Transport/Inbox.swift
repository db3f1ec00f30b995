/// Where a service takes what other offices have for its own.
///
/// - What was delivered over a lost connection is delivered again, so acknowledging a delivery of an earlier one does
///   nothing.
/// - Whoever may send may lie: a delivery can be of another kind than was wanted, or say that it is from somebody else.
public protocol Inbox: TransportLink {
    /// Makes these the wanted envelopes, of this connection and of those after it. Costs nothing when nothing has changed,
    /// so an owner calls it as often as it likes.
    ///
    /// A sender whose envelopes cannot be read stops no other one: it is left out and tried again by itself, at growing
    /// intervals. What came of one that is no longer wanted, and was not received, goes back.
    /// - Returns: what is left out at the moment, as people call it, and why.
    @discardableResult
    func want(_ kinds: Set<Envelope.Kind>, from senders: Set<OfficeID>) async throws(BrokerError)
        -> [String: BrokerError]

    /// The next one of any sender; nil when none came within `timeout`.
    ///
    /// Of each sender only so many are delivered before they are acknowledged, and what is kept in memory before it is
    /// received has a limit in bytes.
    /// - Throws: of code ``BrokerError/Code/tooLarge`` for one over the limit, which is disposed of; the next one may follow.
    func receive(within timeout: Duration) async throws(BrokerError) -> Delivery?

    /// Says that the envelope is dealt with.
    func acknowledge(_ delivery: Delivery) async throws(BrokerError)
}
