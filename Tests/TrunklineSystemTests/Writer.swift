import Foundation
import TrunklineTesting

/// A till that inserts, updates, deletes and changes keys, without end, from a seed.
struct Writer {
    private var random: SplitMix64
    private var next = 1

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// Some statements, each in a transaction of its own.
    mutating func statements(_ count: Int) -> String {
        (0..<count).map { _ in statement() }.joined(separator: "\n")
    }

    private mutating func statement() -> String {
        let known = Int.random(in: 1...max(next - 1, 1), using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5:
            defer { next += 1 }
            return "insert into item values (\(next), 'row \(next)', 0);"
        case 5..<8: return "update item set n = n + 1, name = 'changed' where id = \(known);"
        case 8: return "delete from item where id = \(known);"
        default:
            defer { next += 1 }
            return
                "update item set id = \(next) where id = \(known) and not exists (select 1 from item where id = \(next));"
        }
    }
}
