/// What ``Outbox`` and ``Inbox`` have in common: a connection to what carries the envelopes.
///
/// - Connects by itself at the first call that needs it. A call that finds the connection lost throws a transient
///   ``BrokerError``; the next call connects anew. Nobody needs a restart.
/// - Signs of life are given inside the calls, so an owner calls something at least every few seconds.
public protocol TransportLink: Sendable {
    /// Connects if needed, and gives a sign of life; throws when the connection is lost.
    func keepAlive() async throws(BrokerError)

    /// When the other end's certificate ends, in seconds since 1970; nil without a connection, or where it has none.
    func certificateEnd() async -> Double?

    /// Closes the connection; a later call connects again.
    func close() async
}
