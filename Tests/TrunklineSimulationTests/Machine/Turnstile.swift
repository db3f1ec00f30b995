/// Lets one call of a process at its database or broker through at a time, in the order in which they came.
///
/// Used on the world's thread only.
final class Turnstile: @unchecked Sendable {
    // Sendable: see above.
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        guard isTaken else {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty {
            isTaken = false
        } else {
            waiting.removeFirst().resume()
        }
    }
}
