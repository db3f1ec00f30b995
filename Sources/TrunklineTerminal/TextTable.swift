internal import TrunklineCore

/// A table in columns, for a terminal or a log.
public struct TextTable: Sendable {
    public enum Alignment: Sendable { case left, right }

    public struct Column: Sendable {
        public var title: String
        public var alignment: Alignment
        /// A longer cell is cut, with `…` at its end.
        public var maximalWidth: Int

        public init(_ title: String, _ alignment: Alignment = .left, maximalWidth: Int = 60) {
            self.title = title
            self.alignment = alignment
            self.maximalWidth = maximalWidth
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    public init(_ columns: [Column]) { self.columns = columns }

    public mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row with \(cells.count) cells in \(columns.count) columns")
        rows.append(zip(cells, columns).map { cell($0, maximalWidth: $1.maximalWidth) })
    }

    /// The title line, a rule, and the rows; each line ends in a line feed.
    public func rendered() -> String {
        let titles = columns.map(\.title)
        let widths = columns.indices.map { index in
            ([titles] + rows).map { DisplayWidth.of($0[index]) }.max()!
        }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        return ([line(titles, widths), rule] + rows.map { line($0, widths) }).map { $0 + "\n" }.joined()
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: widths[index] - DisplayWidth.of(cell))
            line += columns[index].alignment == .left ? cell + padding : padding + cell
            if index < cells.count - 1 { line += "  " }
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// Control characters are shown as `·`, so that data can neither break the table nor steer the terminal.
    private func cell(_ text: String, maximalWidth: Int) -> String {
        let safe = SafeText.oneLine(text)
        guard DisplayWidth.of(safe) > maximalWidth else { return safe }
        var cut = ""
        for character in safe {
            guard DisplayWidth.of(cut) + DisplayWidth.of(String(character)) < maximalWidth else { break }
            cut.append(character)
        }
        return cut + "…"
    }
}
