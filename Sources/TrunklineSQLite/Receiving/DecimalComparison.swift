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
        /// The decimal that a token is, where that is all of the operand.
        func decimal(at index: Int, _ neighbour: String?) -> String? {
            guard tokens.indices.contains(index), neighbour.map({ around.contains($0.uppercased()) }) ?? true else {
                return nil
            }
            let token = tokens[index]
            let name = token.hasPrefix("\"") ? token.dropFirst().dropLast().lowercased() : token.lowercased()
            return decimals.contains(name) ? token : nil
        }
        for (index, token) in tokens.enumerated() where operators.contains(token) {
            let isSigned = ["-", "+"].contains(tokens.dropFirst(index + 1).first)
            let right = isSigned ? index + 2 : index + 1
            if tokens.dropFirst(right).first?.first?.isNumber ?? false,
                let column = decimal(at: index - 1, index > 1 ? tokens[index - 2] : nil)
            {
                return column
            }
            if index > 0, tokens[index - 1].first?.isNumber ?? false,
                let column = decimal(at: index + 1, tokens.dropFirst(index + 2).first)
            {
                return column
            }
        }
        return nil
    }

    /// What may stand beside an operand that is whole.
    private static let around: Set<String> = [
        "AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "END", "CASE", "(", ")", ",",
    ]
}
