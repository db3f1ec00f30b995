import Synchronization

@testable import TrunklineCore

/// A stand-in for a real service: its first steps fail, the later ones work; it notes what the loop calls.
final class StandInService: SteppedService {
    enum Event: Hashable { case failed, worked, waited, recovered, shutDown }
    struct Failure: Error {}

    let name = "stand-in"
    private let failures: Int
    private let result: StepResult
    private let noted = Mutex<[Event]>([])
    private let afterStep: @Sendable (_ worked: Int) -> Void

    /// - Parameter afterStep: called after each step that worked, with their count so far.
    init(failures: Int, result: StepResult = .idle, afterStep: @escaping @Sendable (_ worked: Int) -> Void) {
        self.failures = failures
        self.result = result
        self.afterStep = afterStep
    }

    var events: [Event] { noted.withLock { $0 } }

    func step() async throws -> StepResult {
        guard events.count(where: { $0 == .failed }) >= failures else {
            note(.failed)
            throw Failure()
        }
        note(.worked)
        afterStep(events.count { $0 == .worked })
        return result
    }

    func waitForWork() async throws { note(.waited) }
    func recover() async { note(.recovered) }
    func shutdown() async { note(.shutDown) }

    private func note(_ event: Event) { noted.withLock { $0.append(event) } }
}
