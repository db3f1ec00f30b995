import TrunklineTesting

/// How often what goes wrong in a world: the chance of each, at each occasion for it.
struct Weather: Sendable {
    /// A process is held up before a statement or a broker call, and others go on meanwhile.
    var hold = 0.0
    /// A connection to the broker breaks, before or after a call took effect.
    var disconnect = 0.0
    /// The broker loses a message that it has confirmed.
    var drop = 0.0
    var double = 0.0
    var delay = 0.0
    /// An ack is late, so that batches seem lost.
    var lag = 0.0
    var reorder = 0.0
    var nack = 0.0

    static let fair = Weather()

    /// Each kind is left out of about every third world, so that none hides the others.
    init(drawnFrom random: inout SplitMix64) {
        func rate(_ upper: Double) -> Double {
            UInt8.random(in: 0..<3, using: &random) == 0 ? 0 : Double.random(in: 0..<upper, using: &random)
        }
        hold = rate(Double.random(in: 0.01..<0.4, using: &random))
        disconnect = rate(0.04)
        drop = rate(0.2)
        double = rate(0.3)
        delay = rate(0.4)
        lag = UInt8.random(in: 0..<2, using: &random) == 0 ? 0 : 0.7
        reorder = rate(0.5)
        nack = rate(0.1)
    }

    private init() {}
}
