/// Where a service puts what it has for other offices.
///
/// - Every envelope that was sent gets exactly one ``Confirmation`` while its connection lives, and none after it was
///   lost: the caller takes a lost connection as «not confirmed».
/// - What is confirmed outlives a crash of whatever carries it. It may arrive more than once, and in another order.
public protocol Outbox: TransportLink {
    /// Hands an envelope over, without waiting for the confirmation.
    /// - Returns: the tag that its ``Confirmation`` will name.
    func send(_ envelope: Envelope) async throws(BrokerError) -> MessageTag

    /// The confirmations that arrived; waits up to `timeout` for the first one.
    func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation]

    /// Whether the receiver of a stream is there and has taken all that was sent.
    func isDrained(_ stream: StreamID) async throws(BrokerError) -> Bool
}
