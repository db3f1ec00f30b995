/// How many rows a load logs in one transaction, so that it holds the write lock for milliseconds only.
struct LoadPace: Sendable {
    private static let target = Duration.milliseconds(5)

    private(set) var rows = 250

    mutating func learn(rows done: Int, took duration: Duration) {
        let fitting = Double(done) * (LoadPace.target / max(duration, .microseconds(1)))
        rows = max(50, min(Int(fitting), rows * 2, 5_000))
    }
}
