internal import TrunklineCore

/// Finds what never means what it says: SQLite takes every text for greater than every number, and decimals are texts here.
enum DecimalComparison {
    private static let operators: Set<String> = ["<", ">", "<=", ">=", "=", "==", "<>", "!="]

    /// - Returns: of the first decimal that is compared with a number as it is written.
    static func problem(of computation: RowComputation, over table: TableHeader) -> String? {
        let decimals = Set(
            table.columns.filter { WireKind(wireType: $0.type).isDecimal }.map { $0.name.lowercased() })
        guard !decimals.isEmpty else { return nil }
        var texts = computation.filter.map { [("where", $0)] } ?? []
        for value in computation.values {
            if case .expression(let text) = value.source { texts.append(("columns: \(value.column.name)", text)) }
        }
        for (subject, text) in texts {
            if let column = compared(in: text, among: decimals) {
                return
                    "table \"\(table.name)\": \(subject): \(column) is a decimal, which is a text here, and compared with a number; write decimal_compare(\(column), 0) > 0, or so"
            }
        }
        return nil
    }

    private static func compared(in text: String, among decimals: Set<String>) -> String? {
        let tokens = SQLToken.all(in: text).map { $0.text }
        for (index, token) in tokens.enumerated() where operators.contains(token) {
            // Over a sign.
            let next = tokens[(index + 1)...].first { !["-", "+", "("].contains($0) }
            let last = tokens[..<index].last { $0 != ")" }
            for (one, other) in [(last, next), (next, last)] {
                guard let one, let other, other.first?.isNumber ?? false else { continue }
                let name = one.hasPrefix("\"") ? one.dropFirst().dropLast().lowercased() : one.lowercased()
                if decimals.contains(name) { return one }
            }
        }
        return nil
    }
}
