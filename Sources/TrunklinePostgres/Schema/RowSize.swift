internal import TrunklineCore

/// How many bytes a row has as COPY writes it, as SQL that unpacks no value without need.
struct RowSize {
    var columns: [Catalog.TableColumn]
    /// What is larger than this is of interest.
    var limit: Int
    /// Whether the values are measured as a JSON text has them, which a server can write in every encoding.
    var isEscaped = false
    /// Whether long texts are measured as JSON has them, in which a change of a shared row travels.
    var isInJSON = false

    /// A control character, in JSON.
    static let longestEscape = 6

    /// A numeric of eight bytes may be a text of 131,072 digits and 16,383 behind the point (PostgreSQL documentation, 8.1.2).
    static let expansion = 16_384

    /// The columns whose text may be thousands of times longer than what is stored: numbers of any size, and whatever may
    /// hold some.
    static func expanding(_ columns: [Catalog.TableColumn]) -> [Catalog.TableColumn] {
        columns.filter { column in
            if column.castType == "numeric" { return column.fullType == "numeric" }
            return !isPlain(column.castType) && !isText(column.castType) && column.castType != "bytea"
        }
    }

    /// The bytes of a row.
    func expression(of row: String) -> String {
        let sizes = columns.map { "coalesce(\(size(of: $0, row)), 0)::bigint" }
        return sizes.isEmpty ? "0" : sizes.joined(separator: " + ")
    }

    private func size(of column: Catalog.TableColumn, _ row: String) -> String {
        let value = "\(row).\(column.name.identifier)"
        let exact = isEscaped ? "octet_length(to_json(\(value)::text)::text)" : "octet_length(\(value)::text)"
        if column.castType == "bytea" { return escaped("octet_length(\(value))::bigint * 2 + 3", exact) }
        if Self.isText(column.castType), isInJSON, !isEscaped {
            let short = max(limit / Self.longestEscape / columns.count, 1)
            return """
                CASE WHEN octet_length(\(value)) < \(short) OR octet_length(\(value)) > \(limit) THEN octet_length(\(value))::bigint
                    ELSE octet_length(to_json(\(value)::text)::text)::bigint END
                """
        }
        if Self.isText(column.castType) { return escaped("octet_length(\(value))::bigint", exact) }
        if column.castType == "numeric", column.fullType == "numeric" {
            return "CASE WHEN abs(\(value)) < 1e100 AND scale(\(value)) < 100 THEN 128 ELSE \(exact) END"
        }
        if Self.isPlain(column.castType) { return "16" }
        let stored = "pg_column_size(\(value))"
        // So small that all of them together cannot be too large.
        let small = isEscaped ? 0 : max(limit / Self.expansion / columns.count, 1)
        return """
            CASE WHEN \(stored) > \(limit)::bigint * 4 OR \(stored) < \(small) THEN \(stored) ELSE \(exact) END
            """
    }

    /// Where a text is escaped it is at least as long as its bytes.
    private func escaped(_ cheap: String, _ exact: String) -> String {
        isEscaped ? "CASE WHEN \(cheap) > \(limit) THEN \(cheap) ELSE \(exact) END" : cheap
    }

    private static func isText(_ type: String) -> Bool { ["text", "character varying", "character"].contains(type) }

    /// Types whose text is short, and says itself in every encoding.
    static func isPlain(_ type: String) -> Bool {
        [
            "smallint", "integer", "bigint", "real", "double precision", "boolean", "date", "uuid", "numeric", "oid",
            "interval", "time without time zone", "time with time zone", "timestamp without time zone",
            "timestamp with time zone",
        ].contains(type)
    }
}
