/// A service as units of work, so that a loop, a test or a simulator decides when the next one happens.
///
/// A service may run in several copies and may be killed between any two statements: whatever it
/// must remember is in its database or at the broker.
public protocol SteppedService: Sendable {
    /// As the executable, the logs and the metrics call it.
    var name: String { get }

    /// Does one unit of work.
    /// - Returns: whether there was any; after `.idle` the loop calls ``waitForWork()``.
    /// - Throws: whatever went wrong; the loop calls ``recover()``, backs off and steps again.
    func step() async throws -> StepResult

    /// Waits until there may be work; at most about a second, so that a stop is prompt.
    func waitForWork() async throws

    /// Puts the service into a state from which ``step()`` starts afresh.
    func recover() async

    /// What goes wrong beside the steps, which go on: a lane that fails, a sender that cannot be read. Nil: nothing.
    func trouble() async -> String?

    /// Hands back what is in hand and closes the connections, before the process ends.
    func shutdown() async
}

extension SteppedService {
    public func trouble() async -> String? { nil }
}

public enum StepResult: Hashable, Sendable {
    case worked, idle
}
