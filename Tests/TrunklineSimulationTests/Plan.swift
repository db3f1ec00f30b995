import TrunklineTesting

/// What kind of world a seed makes.
struct Plan: Sendable {
    var branches: Int
    /// How much is decided before the dust settles.
    var decisions: Int
    /// The most changes of a batch.
    var batchRows: Int
    /// The services that run in two copies.
    var twice: Set<String>
    /// How often each kind of decision is taken, beside the steps of the processes.
    var shares: [(World.Decision, Int)]

    init(drawnFrom random: inout SplitMix64) {
        branches = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3].randomElement(using: &random)!
        decisions = Int.random(in: 30..<90, using: &random)
        batchRows = Int.random(in: 2...5, using: &random)
        twice = []
        for kind in ["ingestor", "acker", "publisher", "ack-listener", "reaper"]
        where UInt8.random(in: 0..<8, using: &random) == 0 {
            twice.insert(kind)
        }
        func share(_ most: Int) -> Int { Int.random(in: 0...most, using: &random) }
        shares = [
            (.write, 10 + share(10)), (.kill, share(6)), (.pause, share(12)), (.cut, share(4)),
            (.restartBroker, share(2)),
            (.stop, share(2)), (.refuse, share(3)), (.wait, 4 + share(10)),
        ]
    }
}
