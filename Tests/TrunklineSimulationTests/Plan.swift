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
    /// The head writes tables too, and its branches have what is for them.
    var sendsDown: Bool
    /// Of the branches, those that are added in the middle: the last one, or none.
    var latecomers = 0
    /// All is verified in the end.
    var verifies: Bool
    /// How often each kind of decision is taken, beside the steps of the processes.
    var shares: [(World.Decision, Int)]

    /// All offices write the same tables.
    var sharesTables: Bool
    /// They had rows in them before.
    var joins = false

    /// Which ones.
    var shared: [String] = []
    /// Of their clocks, of which each has one.
    var skews = [Duration.zero]

    /// From this seed on they do.
    static let firstSharing: UInt64 = 1_000_000

    /// Whether the head writes in the world of this seed. Such a world takes twice the time of another.
    static func sendsDown(_ seed: UInt64) -> Bool { seed % 4 == 0 }

    init(of seed: UInt64, drawnFrom random: inout SplitMix64) {
        sharesTables = seed >= Plan.firstSharing
        sendsDown = sharesTables || Plan.sendsDown(seed)
        branches = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3].randomElement(using: &random)!
        decisions = Int.random(in: 20..<70, using: &random)
        batchRows = Int.random(in: 2...5, using: &random)
        slow = ["reaper", "reaper", "reaper", "publisher", "ack-listener", "ingestor", nil].randomElement(
            using: &random)!
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
        if sendsDown {
            decisions += 15
            // A stream that is slower than another one.
            if branches == 1, UInt8.random(in: 0..<3, using: &random) == 0 { branches = 2 }
            // In some of them the branches write little.
            if Bool.random(using: &random) { shares[0].1 = 3 }
            shares += [
                (.writeAtHead, 10 + share(15)), (.writeLocally, share(3)), (.resync, share(2)), (.longDay, share(3)),
                (.forge, share(2)),
            ]
            // A head that is restored would have forgotten whom it added since.
            if restores != .head {
                if UInt8.random(in: 0..<3, using: &random) == 0, branches < OfficeTemplate.branches.count {
                    branches += 1
                    latecomers = 1
                    shares.append((.addBranch, 2 + share(3)))
                }
                if branches > 1, UInt8.random(in: 0..<3, using: &random) == 0 { shares.append((.removeBranch, 1)) }
            }
        }
        if sharesTables {
            skews = [
                [.zero], [.zero, .seconds(60), .seconds(-60)], [.zero, .zero, .seconds(-7_200), .seconds(7_200)],
            ]
            .randomElement(using: &random)!
            shared = Array(SharedTables.names.shuffled(using: &random).prefix(2))
            joins = UInt8.random(in: 0..<4, using: &random) == 0
            branches = max(branches, Int.random(in: 1...3, using: &random))
            for index in shares.indices where [.write, .writeAtHead].contains(shares[index].0) { shares[index].1 = 2 }
            // What a branch that closes has not sent is lost with it.
            shares.removeAll { $0.0 == .removeBranch }
            shares.append((.writeShared, 20 + share(20)))
        }
        guard restores != .none else { return }
        // Time to sell, and to forget what was sold.
        decisions += 30
        // So that an ack outlives its epoch.
        lag = 10..<400
        shares += [(.backUp, 2 + share(3)), (.restore, 2 + share(2)), (.decide, 2 + share(4)), (.hour, 10)]
    }
}
