internal import TrunklineCore

/// The statements that read one table's share of a batch.
struct ImageQuery {
    private let part: ChangeSource.Part
    private let table: Catalog.Table
    private let limits: ReadLimits
    private let looksClosely: Bool
    /// The keys, as rows `key`.
    private let keys: String
    /// What the rows are selected from that are for the receiver.
    private let rows: String
    private let keyCasts: [String]
    /// The same with its modifier, so that a key is written as COPY writes it in an image: `t` for true, a padded char(5).
    private let keyTypes: [String]
    /// Whether equal keys have one text. Where they have not, 1.0 is gone when it became 1.00.
    private let isExact: [Bool]
    /// Of a shared table.
    private let stamps: StampSQL?
    /// As JSON: what is too large.
    private(set) var refusedKeys: [String] = []

    init(
        _ part: ChangeSource.Part, _ table: Catalog.Table, _ source: ChangeSource, _ limits: ReadLimits,
        for destination: OfficeID, looksClosely: Bool, stamps: StampSQL?
    ) {
        self.stamps = stamps
        self.part = part
        rows = part.table.rows(for: destination)
        self.table = table
        self.limits = limits
        self.looksClosely = looksClosely
        keys = source.keys(of: part)
        let columns = part.table.key.map { key in table.columns.first { $0.name == key } }
        keyCasts = columns.map { $0?.castType ?? "text" }
        keyTypes = columns.map { $0?.fullType ?? "text" }
        isExact = columns.map { $0?.isExact ?? true }
    }

    /// The rows that are there.
    var images: String {
        let columns = table.columns.map { "t.\($0.name.identifier)" }.joined(separator: ", ")
        if let stamps {
            let filter = looksClosely ? " AND \(untranslatable) IS NULL" : ""
            return """
                COPY (SELECT \(columns), \(stamps.ofRow) FROM (\(wanted)) c JOIN \(rows) t ON \(join)
                    \(stamps.join) WHERE \(stamps.saysRow)\(filter)) TO STDOUT
                """
        }
        // For a key of one column an array is a quarter faster than a join; there are no arrays of arrays.
        guard part.table.key.count == 1, isExact[0], !keyCasts[0].hasSuffix("]"), !looksClosely else {
            let filter = looksClosely ? "WHERE \(untranslatable) IS NULL" : ""
            return
                "COPY (SELECT \(columns) FROM (\(wanted)) c JOIN \(rows) t ON \(join) \(filter)) TO STDOUT"
        }
        let (key, type) = ("t.\(part.table.key[0].identifier)", keyCasts[0])
        let single = "SELECT c.key[1]::\(type) AS key FROM (\(wanted)) c"
        let images = "SELECT \(columns) FROM \(rows) t"
        guard ["smallint", "integer", "bigint"].contains(type) else {
            return "COPY (\(images) WHERE \(key) = ANY (ARRAY(\(single)))) TO STDOUT"
        }
        // Numbers that were counted up: one range of the index costs half of as many looks into it, and in one without
        // holes every row is wanted. Of one number there may be two spellings.
        let count = part.isDistinct ? "count(*)" : "count(DISTINCT key)"
        return """
            COPY (WITH wanted AS MATERIALIZED (\(single)), span AS MATERIALIZED (
                    SELECT min(key) AS low, max(key) AS high, max(key)::numeric - min(key) < 2 * count(*) AS is_dense,
                        max(key)::numeric - min(key) + 1 = \(count) AS is_whole FROM wanted)
                \(images) WHERE (SELECT is_dense FROM span) AND \(key) BETWEEN (SELECT low FROM span) AND (SELECT high FROM span)
                    AND ((SELECT is_whole FROM span) OR (\(key) IN (SELECT key FROM wanted)) IS TRUE)
                UNION ALL
                \(images) WHERE NOT (SELECT is_dense FROM span) AND \(key) = ANY (ARRAY(SELECT key FROM wanted))) TO STDOUT
            """
    }

    /// The keys of rows that are gone.
    var deletes: String {
        let gone = keyTypes.enumerated().map { "c.key[\($0 + 1)]::\($1)" }.joined(separator: ", ")
        if let stamps {
            let isThere = "EXISTS (SELECT FROM \(rows) t WHERE \(join))"
            return """
                COPY (SELECT \(gone), \(stamps.ofKey(isThere: isThere)) FROM (\(wanted)) c \(stamps.join)
                    WHERE \(stamps.saysKey(isThere: isThere))) TO STDOUT
                """
        }
        guard looksClosely else {
            return """
                COPY (SELECT \(gone) FROM (\(wanted)) c
                    WHERE NOT EXISTS (SELECT FROM \(rows) t WHERE \(join))) TO STDOUT
                """
        }
        // No row has a key that is no value of its type any more.
        let asLogged = keyTypes.enumerated().map { index, type in
            let value = "c.key[\(index + 1)]"
            return
                "CASE WHEN trunkline.is_value(\(value), \(type.literal)) THEN format('%s', \(value)::\(type)) ELSE \(value) END"
        }.joined(separator: ", ")
        return """
            COPY (SELECT \(written) FROM (\(wanted)) c
                WHERE NOT EXISTS (SELECT FROM \(rows) t WHERE \(join))
                UNION ALL SELECT \(asLogged) FROM (\(keys) OFFSET 0) c
                WHERE NOT (\(isKey("c"))) AND \(keyProblem("c")) IS NULL) TO STDOUT
            """
    }

    /// Whether the key of a row of `keys` is one of the table's types.
    private func isKey(_ row: String) -> String {
        keyTypes.enumerated().map { "trunkline.is_value(\(row).key[\($0 + 1)], \($1.literal))" }
            .joined(separator: " AND ")
    }

    /// The rows that cannot travel. They are measured by the server, before they are fetched; not at all where the table
    /// has none that large.
    mutating func findRefused(_ connection: PostgresConnection) throws(StoreError) -> [RefusedRow] {
        var refused: [RefusedRow] = []
        if looksClosely {
            let found = try connection.run(
                """
                SELECT to_json(ARRAY(SELECT CASE WHEN trunkline.untranslatable(k) IS NULL THEN k
                        ELSE encode(convert_to(k, getdatabaseencoding()), 'escape') END
                    FROM unnest(c.key) WITH ORDINALITY u (k, n) ORDER BY n))::text,
                    coalesce(\(keyProblem("c")), \(untranslatable))
                FROM (SELECT w.key FROM (\(keys) OFFSET 0) w WHERE \(isKey("w")) OFFSET 0) c
                    LEFT JOIN \(rows) t ON \(keyProblem("c")) IS NULL AND \(join)
                WHERE coalesce(\(keyProblem("c")), \(untranslatable)) IS NOT NULL
                """, [], "look for rows that cannot be said in UTF-8")
            for row in 0..<found.rowCount {
                refused.append(RefusedRow(table: table.name, key: found.text(row, 0), reason: found.text(row, 1)))
            }
        }
        guard try mayBeLarge(connection) else { return refused }
        let filter = looksClosely ? "AND \(untranslatable) IS NULL" : ""
        let found = try connection.run(
            """
            SELECT to_json(q.key)::text, q.size, to_json(q.written)::text FROM (
                SELECT c.key, ARRAY[\(written)] AS written, \(size.expression(of: "t")) AS size
                FROM (\(wanted)) c JOIN \(rows) t ON \(join) \(filter)
            ) q WHERE q.size > \(limits.rowBytes)
            """, [], "measure rows")
        for row in 0..<found.rowCount {
            let bytes = found.text(row, 1)
            refused.append(
                RefusedRow(
                    table: table.name, key: found.text(row, 2),
                    reason: stamps == nil || limits.rowBytes < SharedLimit.rowBytes
                        ? "the row is \(bytes) bytes; the limit is \(limits.rowBytes)" : SharedLimit.longRow(bytes)))
            refusedKeys.append(found.text(row, 0))
        }
        return refused
    }

    private var size: RowSize {
        RowSize(columns: table.columns, limit: limits.rowBytes, isEscaped: looksClosely, isInJSON: stamps != nil)
    }

    /// A row of so many bytes is moved out of line, and compression makes it at most some 255 times smaller; but for
    /// values that are written out at any length.
    private func mayBeLarge(_ connection: PostgresConnection) throws(StoreError) -> Bool {
        guard !looksClosely, limits.rowBytes >= 4 << 20, RowSize.expanding(table.columns).isEmpty else { return true }
        let outOfLine = try connection.query(SenderStatements.outOfLine, [part.table.relation]).integer(0, 0) ?? 0
        return outOfLine > limits.rowBytes / (stamps == nil ? 1_024 : 1_024 * RowSize.longestEscape)
    }

    /// In bytes.
    var keyLimit: Int { stamps == nil ? WireLimits.sentKeyBytes : SharedLimit.keyBytes }

    /// The key `c` as COPY writes it.
    private var written: String {
        keyTypes.enumerated().map { "format('%s', c.key[\($0 + 1)]::\($1))" }.joined(separator: ", ")
    }

    private var join: String {
        part.table.key.enumerated().map { index, name in
            let (column, value) = ("t.\(name.identifier)", "c.key[\(index + 1)]")
            let equal = "\(column) = \(value)::\(keyCasts[index])"
            return isExact[index]
                ? equal
                : "\(equal) AND format('%s', \(column)) COLLATE \"C\" = format('%s', \(value)::\(keyTypes[index])) COLLATE \"C\""
        }.joined(separator: " AND ")
    }

    /// The keys without those that are refused for their rows' sizes.
    private var wanted: String {
        let filters =
            (refusedKeys.isEmpty
                ? [] : ["to_json(w.key)::text <> ALL (\(TextArray.encode(refusedKeys).literal)::text[])"])
            + (looksClosely ? ["\(keyProblem("w")) IS NULL", isKey("w")] : [])
        guard !filters.isEmpty else { return keys }
        // OFFSET keeps the planner from casting a key to its type before it was looked at.
        return "SELECT w.key FROM (\(keys) OFFSET 0) w WHERE \(filters.joined(separator: " AND ")) OFFSET 0"
    }

    /// Why a key cannot travel; NULL: it can.
    private func keyProblem(_ row: String) -> String {
        let text = "array_to_string(\(row).key, '')"
        return """
            coalesce(trunkline.untranslatable(\(text)), CASE WHEN octet_length(\(text)) > \(keyLimit)
                THEN \((stamps == nil ? WireLimits.longKey : SharedLimit.longKey).literal) END)
            """
    }

    /// Why a row `t` cannot be said in UTF-8; NULL: it can.
    private var untranslatable: String {
        let columns = table.columns.filter { !RowSize.isPlain($0.castType) && $0.castType != "bytea" }
        let checks = columns.map { column in
            """
            \("column \"\(column.name)\": ".literal) || trunkline.untranslatable(t.\(column.name.identifier)::text)
            """
        }
        return checks.isEmpty ? "NULL::text" : "coalesce(\(checks.joined(separator: ", ")))"
    }
}
