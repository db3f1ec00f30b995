/// Counts what may be said again and again: who sends nonsense without end does not fill the disk with the log of it.
struct LogLimit: Sendable {
    /// So many subjects are told apart.
    private static let most = 10_000

    private var counts: [String: Int] = [:]

    /// - Parameter subject: of what there may be many, such as a routing key.
    /// - Returns: how often it was counted since the start.
    mutating func count(_ subject: String) -> Int {
        if counts.count >= LogLimit.most { counts = [:] }
        counts[subject, default: 0] += 1
        return counts[subject]!
    }

    static func isLogged(_ count: Int) -> Bool { count <= 100 || count % 1_000 == 0 }
}
