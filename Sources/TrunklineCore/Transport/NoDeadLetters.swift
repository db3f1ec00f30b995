/// ``DeadLetters`` of an office that may keep no copies: what it refuses its sender keeps, and sends again; the log of the
/// service says why it was refused.
public struct NoDeadLetters: DeadLetters {
    public init() {}

    public func bury(_ delivery: Delivery, reason: String, by service: String) async throws {}

    public func close() async {}
}
