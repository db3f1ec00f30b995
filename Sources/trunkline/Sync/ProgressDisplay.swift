import TrunklineRuntime
import TrunklineTerminal

/// Shows a long task on stderr: a bar that is drawn anew on a terminal, else a plain line a minute.
struct ProgressDisplay {
    /// Between two plain lines, in seconds, and before the first: what is quick needs none.
    private static let plainInterval = 60.0

    private let isTerminal: Bool
    private let noun: String
    private let showsRate: Bool
    private var rate = ProgressRate()
    private var lastPlain = 0.0

    init(noun: String, showsRate: Bool = true, isTerminal: Bool = Terminal.showsProgress) {
        self.noun = noun
        self.showsRate = showsRate
        self.isTerminal = isTerminal
    }

    /// - Parameter at: seconds since the task began.
    mutating func show(done: Int, total: Int, at seconds: Double, note: String?) {
        rate.look(done: done, at: seconds)
        let line = ProgressLine(
            done: done, total: total, noun: noun, perSecond: showsRate ? rate.perSecond : nil,
            secondsLeft: showsRate ? rate.secondsLeft(total - done) : nil, note: note)
        if isTerminal {
            StandardError.write("\r\(line.bar(width: Terminal.width - 1))\u{1b}[K")
        } else if seconds - lastPlain >= ProgressDisplay.plainInterval {
            lastPlain = seconds
            StandardError.write(line.plain + "\n")
        }
    }

    /// Leaves the terminal at the start of a line.
    func end() {
        if isTerminal { StandardError.write("\r\u{1b}[K") }
    }
}
