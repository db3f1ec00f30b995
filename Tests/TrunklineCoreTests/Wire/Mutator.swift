import TrunklineTesting

@testable import TrunklineCore

/// Damages a body at random: bits, bytes, numbers, runs that are cut, doubled or moved.
struct Mutator {
    private var generator: SplitMix64
    private static let splices = [
        "-1", "0", "9223372036854775807", "9223372036854775808", "1e999", "null", "[", "]", "{", "}", "\"", "\\", "\n",
        "\t", "\0", "\\u0000", "\\ud800", ",", ":", "true", "1.5",
    ].map { Array($0.utf8) }

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    mutating func mutate(_ body: [UInt8]) -> [UInt8] {
        var body = body
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            guard !body.isEmpty else { return body }
            let index = Int.random(in: 0..<body.count, using: &generator)
            let end = min(body.count, index + Int.random(in: 0...12, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: body[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: body[index] = UInt8.random(in: 0...255, using: &generator)
            case 2: body.removeSubrange(index..<end)
            case 3: body.insert(contentsOf: body[index..<end], at: Int.random(in: 0...body.count, using: &generator))
            case 4: body.replaceSubrange(index..<end, with: Mutator.splices.randomElement(using: &generator)!)
            default: body.removeLast(body.count - index)
            }
        }
        return body
    }
}
