/// What happened to a service, as far as its health is concerned.
public enum HealthEvent: Hashable, Sendable {
    /// The loop goes round.
    case stepBegan
    /// A call of the broker succeeded.
    case linkUp
    /// A call of the broker failed.
    /// - Parameter isRefusal: waiting mends nothing: wrong password, refused certificate, missing queue.
    case linkDown(reason: String, isRefusal: Bool)
    /// So much work waits: changes that are not acked, messages in the queue, acks to publish.
    case backlog(Int)
    /// Some of the work was done for good: acked, committed, published.
    case progressed
    /// The database answered and is initialised.
    /// - Parameter stopped: the streams that stand still until someone decides.
    case databaseAnswered(stopped: [StoppedStream])
    case databaseFailed(reason: String)

    public struct StoppedStream: Hashable, Sendable {
        public var stream: StreamID
        public var reason: String

        public init(stream: StreamID, reason: String) {
            self.stream = stream
            self.reason = reason
        }
    }
}
