public import FoundationEssentials

/// The receiver's answer to a ``ReturnsClaim``: the next of its rows that a recovery kept. Without tables: there are no
/// more.
public struct ReturnedRows: Hashable, Sendable, Codable {
    /// In the order of the claim.
    public var tables: [Table]

    public struct Table: Hashable, Sendable, Codable {
        public var name: TableName
        /// The sender's, as the claim has them.
        public var key: [String]
        public var columns: [Column]
        /// COPY text, each line with its newline.
        public var lines: Data
        /// Of each line: which kept row it is.
        public var serials: [Int64]
        /// Values that are not exactly values of their column's type.
        public var misfits: [Misfit]?
        /// All kept rows through this serial were looked at.
        public var through: Int64
        /// Rows that are kept and cannot be returned.
        public var withheld: Int?
        /// Why the first of them cannot.
        public var reason: String?

        init(_ table: ReturnsClaim.Table) {
            name = table.name
            key = table.key
            columns = table.columns
            lines = Data()
            serials = []
            through = table.after
        }

        mutating func add(_ line: ReceivedLine, serial: Int64) {
            for (column, storage) in line.misfits.sorted(by: { $0.key < $1.key }) {
                misfits = (misfits ?? []) + [Misfit(row: serials.count, column: column, storage: storage)]
            }
            lines.append(contentsOf: line.text)
            serials.append(serial)
        }

        mutating func withhold(_ problem: String) {
            withheld = (withheld ?? 0) + 1
            reason = reason ?? ShortReason.text(problem)
        }

        /// As a batch would say the table.
        var header: TableHeader {
            TableHeader(
                name: name, key: key, columns: columns, rows: serials.count, rowBytes: lines.count, deletes: 0,
                deleteBytes: 0, allNew: false, misfits: misfits)
        }

        /// The lines as a receiver of a batch applies them.
        var group: LineGroup {
            var byLine: [Int: [String: String]] = [:]
            for misfit in misfits ?? [] { byLine[misfit.row, default: [:]][misfit.column] = misfit.storage }
            var table = header
            table.misfits = nil
            return LineGroup(table: table, isDelete: false, bytes: [UInt8](lines)[...], misfits: byLine)
        }
    }

    public init(tables: [Table] = []) { self.tables = tables }
}

extension ReturnedRows {
    /// Checks what a receiver says before anything is done with it.
    /// - Throws: ``WireError``.
    mutating func check(_ limits: WireLimits) throws(WireError) {
        guard tables.count <= limits.tables, Set(tables.map(\.name)).count == tables.count else {
            throw WireError(.malformed, "returned rows are of too many tables, or of one twice")
        }
        guard tables.reduce(0, { $0 + $1.serials.count }) <= limits.returnedRows else {
            throw WireError(.tooLarge, "more than \(limits.returnedRows) rows are returned at once")
        }
        for index in tables.indices {
            try tables[index].check(limits)
            tables[index].reason = tables[index].reason.map(ShortReason.text)
        }
    }
}

extension ReturnedRows.Table {
    fileprivate func check(_ limits: WireLimits) throws(WireError) {
        try header.check(limits)
        guard withheld ?? 0 >= 0 else { throw WireError(.malformed, "a negative count") }
        let bytes = [UInt8](lines)
        guard bytes.isEmpty || bytes.last == CopyText.newline, !bytes.contains(0),
            (try? UTF8Span(validating: bytes.span)) != nil
        else { throw WireError(.malformed, "the returned rows of table \"\(name)\" are no lines of UTF-8") }
        let rows = bytes.split(separator: CopyText.newline, omittingEmptySubsequences: false).dropLast()
        guard rows.count == serials.count,
            rows.allSatisfy({ row in row.count { $0 == CopyText.tab } == columns.count - 1 })
        else { throw WireError(.malformed, "the returned rows of table \"\(name)\" are not what is said of them") }
    }
}
