/// Precision and scale of a decimal type: how many digits it has, and how many of them behind the point.
struct DecimalSize: Hashable {
    var precision: Int
    var scale: Int

    /// Nil for a type that states none, which holds any decimal.
    init?(wireType: String) {
        guard let open = wireType.firstIndex(of: "("), wireType.hasSuffix(")") else { return nil }
        let numbers = wireType[wireType.index(after: open)...].dropLast().split(separator: ",").map { Int($0) }
        guard (1...2).contains(numbers.count), let precision = numbers[0] else { return nil }
        self.precision = precision
        scale = numbers.count == 2 ? numbers[1] ?? 0 : 0
    }

    /// Whether the type holds a decimal exactly.
    /// - Parameter text: as ``DecimalText/normalised(_:)`` writes it.
    func holds(_ text: String) -> Bool {
        let parts = text.utf8.drop { $0 == UInt8(ascii: "-") }.split(separator: UInt8(ascii: "."))
        let whole = parts[0].elementsEqual("0".utf8) ? 0 : parts[0].count
        let fraction = parts.count == 2 ? parts[1].count : 0
        return whole <= max(0, precision - scale) && fraction <= scale
    }
}
