/// Rows that a ``RowSink`` found by their keys.
public struct FoundRows: Sendable {
    public var rows: [Row]
    /// How many of the keys were looked at, from the first.
    public var considered: Int

    public struct Row: Sendable {
        /// Of its key among those that were asked for.
        public var index: Int
        public var content: Content

        public init(index: Int, content: Content) {
            self.index = index
            self.content = content
        }

        /// Whether its key has that name. One that a collation here takes for it is another row's: to others they are two.
        func isNamed(_ key: RowKey, in table: TableHeader) -> Bool {
            guard case .line(let line) = content else { return true }
            let types = table.key.map { name in table.columns.first { $0.name == name }?.type ?? "" }
            return zip(types, zip(line.key.values, key.values)).allSatisfy { type, values in
                guard type == "text" || type.hasPrefix("character varying"), let here = values.0, let there = values.1
                else { return true }
                return here.utf8.elementsEqual(there.utf8)
            }
        }
    }

    public enum Content: Sendable {
        /// As it travels.
        case line(ReceivedLine)
        /// Why it cannot travel.
        case problem(String)
    }

    public init(rows: [Row] = [], considered: Int) {
        self.rows = rows
        self.considered = considered
    }

    /// With what was found of the keys that follow.
    public func adding(_ more: FoundRows) -> FoundRows {
        FoundRows(
            rows: rows + more.rows.map { Row(index: considered + $0.index, content: $0.content) },
            considered: considered + more.considered)
    }
}
