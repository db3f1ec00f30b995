/// How fast something gets done lately: an average in which older looks count less.
public struct ProgressRate: Sendable {
    /// A look this many seconds ago counts about a third.
    private let memory: Double
    private var last: (done: Int, at: Double)?
    /// Per second; nil before the second look.
    public private(set) var perSecond: Double?

    public init(memory: Double = 5) { self.memory = memory }

    /// - Parameter at: seconds since any fixed instant, not going back.
    public mutating func look(done: Int, at: Double) {
        defer { if last == nil || at > last!.at { last = (done, at) } }
        guard let last, at > last.at else { return }
        let elapsed = at - last.at
        let latest = Double(max(0, done - last.done)) / elapsed
        // exp(-elapsed / memory), near enough.
        let weight = memory / (memory + elapsed)
        perSecond = perSecond.map { $0 * weight + latest * (1 - weight) } ?? latest
    }

    /// nil when nothing moves.
    public func secondsLeft(_ remaining: Int) -> Double? {
        guard remaining > 0 else { return 0 }
        guard let perSecond, perSecond > 0.01 else { return nil }
        return Double(remaining) / perSecond
    }
}
