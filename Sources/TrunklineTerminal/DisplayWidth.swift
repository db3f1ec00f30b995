/// How many columns of a terminal a text takes, near enough for a table.
///
/// Source: the wide blocks of Unicode Standard Annex 11, without its ambiguous ones.
enum DisplayWidth {
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
        0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd,
    ]

    static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

    private static func of(_ character: Character) -> Int {
        let first = character.unicodeScalars.first!
        if first.properties.generalCategory == .nonspacingMark { return 0 }
        return wide.contains { $0.contains(first.value) } ? 2 : 1
    }
}
