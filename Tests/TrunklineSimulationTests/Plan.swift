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
    /// The kind of service that is held up at about every third statement.
    var slow: String?
    /// Whose database is put back to older backups.
    var restores: World.Restores
    /// By how many decisions an ack is late, if it is.
    var lag = 10..<40
    /// The tills go on after a decision about a stopped stream, so that only the end can be checked.
    var sellsOn: Bool
    /// All is verified in the end.
    var verifies: Bool
    /// How often each kind of decision is taken, beside the steps of the processes.
    var shares: [(World.Decision, Int)]

    init(drawnFrom random: inout SplitMix64) {
        branches = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3].randomElement(using: &random)!
        decisions = Int.random(in: 20..<70, using: &random)
        batchRows = Int.random(in: 2...5, using: &random)
        slow = ["reaper", "reaper", "publisher", "ack-listener", "ingestor", nil].randomElement(using: &random)!
        twice = []
        for kind in ["ingestor", "acker", "publisher", "ack-listener", "reaper"]
        where UInt8.random(in: 0..<8, using: &random) == 0 {
            twice.insert(kind)
        }
        restores =
            switch Int.random(in: 0..<12, using: &random) {
            case 0: .branch
            case 1: .head
            default: .none
            }
        sellsOn = Bool.random(using: &random)
        verifies = UInt8.random(in: 0..<8, using: &random) == 0
        func share(_ most: Int) -> Int { Int.random(in: 0...most, using: &random) }
        shares = [
            (.write, 10 + share(10)), (.kill, share(6)), (.pause, share(12)), (.cut, share(4)),
            (.restartBroker, share(2)),
            (.stop, share(2)), (.refuse, share(3)), (.wait, 4 + share(10)),
        ]
        guard restores != .none else { return }
        // Time to sell, and to forget what was sold.
        decisions += 30
        // So that an ack outlives its epoch.
        lag = 10..<400
        shares += [(.backUp, 2 + share(3)), (.restore, 2 + share(2)), (.decide, 2 + share(4)), (.hour, 10)]
    }
}
