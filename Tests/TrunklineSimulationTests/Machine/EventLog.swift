/// What happened in a world, line by line; kept only for a run that is to be looked at.
final class EventLog: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private(set) var lines: [String] = []
    private let isKept: Bool

    init(isKept: Bool) { self.isKept = isKept }

    func note(_ line: @autoclosure () -> String) {
        if isKept { lines.append(line()) }
    }
}
