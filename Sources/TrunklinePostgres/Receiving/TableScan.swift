internal import TrunklineCore

/// Digests all rows of a table, as the lines in which they would travel.
enum TableScan {
    /// Values whose text is absurdly long beside what is stored do not count in a row that such make so long: they would
    /// cost the memory of their texts, and cost nothing to send.
    private static let longest = 16 << 20
    private static let absurdity = 300

    /// - Parameters:
    ///   - columns: the sender's, on both sides.
    ///   - expanding: those of which that may be said, ``RowSize/expanding(_:)``; not of the key.
    ///   - conditions: which rows; none: all.
    ///   - inUTC: columns with a time zone whose values come without one.
    static func digest(
        _ relation: String, _ columns: [Column], expanding: [Catalog.TableColumn], where conditions: [String] = [],
        inUTC: Set<String> = [],
        _ digester: inout RowDigester, _ connection: PostgresConnection
    ) throws(StoreError) {
        let list = columns.map(\.name).map {
            inUTC.contains($0) ? "\($0.identifier) AT TIME ZONE 'UTC'" : $0.identifier
        }
        let filter = (["true"] + conditions).joined(separator: " AND ")
        var rows = "\(relation) WHERE \(filter)"
        var values = list
        if !expanding.isEmpty {
            let names = Set(expanding.map(\.name))
            values = columns.enumerated().map { index, column in
                names.contains(column.name) ? "CASE WHEN NOT r.c0 THEN r.c\(index + 1) END" : "r.c\(index + 1)"
            }
            let aliased = list.enumerated().map { "\($1) AS c\($0 + 1)" }.joined(separator: ", ")
            rows = "(SELECT \(isAbsurd(expanding, relation)) AS c0, \(aliased) FROM \(rows)) r"
        }
        _ = try connection.copyOut(
            "COPY (SELECT \(values.joined(separator: ", ")) FROM \(rows)) TO STDOUT", "digest rows"
        ) { line in
            digester.add(line: Array(line)[...])
            return true
        }
    }

    private static func isAbsurd(_ columns: [Catalog.TableColumn], _ relation: String) -> String {
        let stored = columns.map { "coalesce(pg_column_size(\(relation).\($0.name.identifier)), 0)" }
            .joined(separator: " + ")
        let written = RowSize(columns: columns, limit: longest).expression(of: relation)
        return """
            CASE WHEN \(stored) < \(longest / RowSize.expansion) THEN false
                ELSE \(written) > greatest(\(longest), (\(stored))::bigint * \(absurdity)) END
            """
    }
}
