public struct QueueDepth: Hashable, Sendable {
    /// Messages ready for delivery (not those already with a consumer).
    public var ready: Int
    public var consumers: Int

    public init(ready: Int, consumers: Int) {
        self.ready = ready
        self.consumers = consumers
    }
}
