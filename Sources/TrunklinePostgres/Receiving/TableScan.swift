internal import TrunklineCore

/// Digests all rows of a table, as the lines in which they would travel.
enum TableScan {
    /// Of other values than numbers, that hold some: where their texts come to so many bytes, and to so many times what is
    /// stored, none of them counts in their row. They would cost the memory of their texts, and cost nothing to send.
    private static let longest = 16 << 20
    private static let absurdity = 300

    /// - Parameters:
    ///   - relation: the table, or a query in parentheses.
    ///   - alias: how a query is called.
    ///   - columns: the sender's, on both sides.
    ///   - expanding: those of ``RowSize/expanding(_:)``, without the key's.
    ///   - conditions: which rows; none: all.
    ///   - inUTC: columns with a time zone whose values come without one.
    static func digest(
        _ relation: String, as alias: String? = nil, _ columns: [Column], expanding: [Catalog.TableColumn],
        where conditions: [String] = [],
        inUTC: Set<String> = [],
        _ digester: inout RowDigester, _ connection: PostgresConnection
    ) throws(StoreError) {
        let numbers = Set(expanding.filter { $0.castType == "numeric" }.map(\.name))
        let others = expanding.filter { $0.castType != "numeric" }
        let isOther = Set(others.map(\.name))
        let values = columns.map { column -> String in
            let value = "r.\(column.name.identifier)"
            if numbers.contains(column.name) {
                return "CASE WHEN \(isBeyondComparison(value)) THEN NULL ELSE \(value) END"
            }
            if isOther.contains(column.name) { return "CASE WHEN r.\(absurd) THEN NULL ELSE \(value) END" }
            return inUTC.contains(column.name) ? "\(value) AT TIME ZONE 'UTC'" : value
        }
        let filter = (["true"] + conditions).joined(separator: " AND ")
        // These columns alone: this user may read no others. OFFSET keeps what is absurd from being worked out for each of them.
        let list =
            columns.map(\.name.identifier)
            + (others.isEmpty ? [] : ["\(isAbsurd(others, alias ?? relation)) AS \(absurd)"])
        let rows = "(SELECT \(list.joined(separator: ", ")) FROM \(relation) \(alias ?? "") WHERE \(filter) OFFSET 0) r"
        _ = try connection.copyOut(
            "COPY (SELECT \(values.joined(separator: ", ")) FROM \(rows)) TO STDOUT", "digest rows"
        ) { line in
            digester.add(line: Array(line)[...])
            return true
        }
    }

    /// The name of what ``isAbsurd(_:_:)`` says of a row.
    private static let absurd = "trunkline is absurd".identifier

    /// As ``VerificationLimit/comparedDigits`` says it, of a numeric.
    private static func isBeyondComparison(_ value: String) -> String {
        let digits = VerificationLimit.comparedDigits
        return """
            abs(\(value)) >= 1e\(digits) AND abs(\(value)) < 'Infinity'
                OR scale(\(value)) > \(digits) AND scale(trim_scale(\(value))) > \(digits)
            """
    }

    private static func isAbsurd(_ columns: [Catalog.TableColumn], _ relation: String) -> String {
        let stored = columns.map { "coalesce(pg_column_size(\(relation).\($0.name.identifier)), 0)" }
            .joined(separator: " + ")
        let written = columns.map { "coalesce(octet_length(\(relation).\($0.name.identifier)::text), 0)::bigint" }
            .joined(separator: " + ")
        return """
            CASE WHEN \(stored) < \(longest / RowSize.expansion) THEN false
                ELSE \(written) > greatest(\(longest), (\(stored))::bigint * \(absurdity)) END
            """
    }
}
