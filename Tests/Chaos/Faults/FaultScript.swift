import TrunklineTesting

/// The faults of a run, drawn from a seed: the same seed, the same faults in the same order, without end.
struct FaultScript: Sequence, IteratorProtocol {
    /// One fault, and when.
    struct Entry: Hashable, Sendable {
        /// Since the one before began.
        var after: Duration
        var fault: Fault
        /// How long it lasts. What has to start again takes its own time on top.
        var lasts: Duration
    }

    /// How often each kind is drawn, of 100.
    static let weights: [(kind: Fault.Kind, weight: Int)] = [
        (.killService, 32), (.pauseService, 12), (.killBroker, 4), (.pauseBroker, 3), (.killPostgres, 7),
        (.cutLink, 10), (.resetLink, 9), (.holdLink, 6), (.slowLink, 6), (.lossyLink, 5), (.fillDisk, 6),
    ]

    private var random: SplitMix64
    private let offices: [String]
    private let servers: [String]
    private let disks: [String]

    /// - Parameters:
    ///   - offices: all of them.
    ///   - servers: the offices with a PostgreSQL server.
    ///   - disks: the offices whose disk may be full.
    init(seed: UInt64, offices: [String], servers: [String], disks: [String]) {
        random = SplitMix64(seed: seed)
        self.offices = offices
        self.servers = servers
        self.disks = disks
    }

    mutating func next() -> Entry? {
        var ticket = Int.random(in: 0..<Self.weights.reduce(0) { $0 + $1.weight }, using: &random)
        let kind = Self.weights.first { entry in
            ticket -= entry.weight
            return ticket < 0
        }!.kind
        let after = Duration.milliseconds(Int.random(in: 300...1_300, using: &random))
        let lasts = Duration.milliseconds(Int.random(in: milliseconds(of: kind), using: &random))
        return Entry(after: after, fault: fault(kind), lasts: lasts)
    }

    private mutating func fault(_ kind: Fault.Kind) -> Fault {
        let office = offices.randomElement(using: &random)!
        let service = ServiceName.all(at: office).randomElement(using: &random)!
        let server = servers.randomElement(using: &random)!
        let disk = disks.randomElement(using: &random)!
        let kilobits = Double.random(in: 64...256, using: &random)
        let roundTrip = Duration.milliseconds(Int.random(in: 100...600, using: &random))
        let loss = Double.random(in: 0.02...0.1, using: &random)
        return switch kind {
        case .killService: .killService(service)
        case .pauseService: .pauseService(service)
        case .killBroker: .killBroker
        case .pauseBroker: .pauseBroker
        case .killPostgres: .killPostgres(office: server)
        case .cutLink: .cutLink(office: office)
        case .resetLink: .resetLink(office: office)
        case .holdLink: .holdLink(office: office)
        case .slowLink: .slowLink(office: office, .slow(kilobits: kilobits, roundTrip: roundTrip))
        case .lossyLink:
            .lossyLink(office: office, .slow(kilobits: 1_000, roundTrip: .milliseconds(60), loss: loss))
        case .fillDisk: .fillDisk(office: disk)
        }
    }

    private func milliseconds(of kind: Fault.Kind) -> ClosedRange<Int> {
        switch kind {
        case .killService, .killPostgres: 0...2_000
        case .killBroker: 0...1_000
        case .pauseService: 500...6_000
        case .pauseBroker: 500...4_000
        case .cutLink: 200...4_000
        case .resetLink: 0...0
        case .holdLink: 500...12_000
        case .slowLink, .lossyLink: 2_000...6_000
        case .fillDisk: 1_000...5_000
        }
    }
}
