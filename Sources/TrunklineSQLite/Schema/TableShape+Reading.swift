internal import GRDB

extension TableShape {
    /// Reads the description of a table that exists.
    init(name: String, isWithoutRowid: Bool, in db: Database) throws {
        var columns: [ColumnShape] = []
        var keyPositions: [(Int, String)] = []
        var allNames: Set<String> = []
        for row in try Row.fetchAll(db, sql: "SELECT * FROM pragma_table_xinfo(?) ORDER BY cid", arguments: [name]) {
            let column: String = row["name"]
            allNames.insert(column.lowercased())
            guard row["hidden"] == 0 else { continue }
            columns.append(
                ColumnShape(
                    name: column, declaredType: row["type"], isNullable: row["notnull"] == 0 && row["pk"] == 0,
                    defaultValue: row["dflt_value"]))
            if let position: Int = row["pk"], position > 0 { keyPositions.append((position, column)) }
        }
        let key = keyPositions.sorted { $0.0 < $1.0 }.map(\.1)
        rowidName = isWithoutRowid ? nil : ["rowid", "_rowid_", "oid"].first { !allNames.contains($0) }

        let indexes = try Row.fetchAll(
            db, sql: "SELECT name, origin, partial FROM pragma_index_list(?) WHERE \"unique\" = 1", arguments: [name])
        let keyIndex = indexes.first { $0["origin"] == "pk" }
        // https://www.sqlite.org/lang_createtable.html#rowid: a key of one column declared exactly INTEGER is
        // the rowid. Where it is not after all (INTEGER PRIMARY KEY DESC), it has an index of its own.
        hasIntegerKey =
            !isWithoutRowid && key.count == 1 && keyIndex == nil
            && columns.contains { $0.name == key[0] && $0.declaredType.uppercased() == "INTEGER" }
        var keyCollations = key.map { _ in "BINARY" }
        if let keyIndex {
            for term in try TableShape.terms(of: keyIndex["name"], db) {
                guard let column: String = term["name"], let position = key.firstIndex(of: column) else { continue }
                keyCollations[position] = term["coll"]
            }
        }
        self.name = name
        self.columns = columns
        self.key = key
        self.keyCollations = keyCollations
        uniqueIndexes = []
        for index in indexes where index["origin"] != "pk" {
            if let unique = try UniqueIndex(named: index["name"], isPartial: index["partial"], in: db) {
                uniqueIndexes.append(unique)
            }
        }
        foreignKeys = try TableShape.foreignKeys(of: name, db)
    }

    fileprivate static func terms(of index: String, _ db: Database) throws -> [Row] {
        try Row.fetchAll(
            db, sql: "SELECT cid, name, coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno",
            arguments: [index])
    }

    private static func foreignKeys(of table: String, _ db: Database) throws -> [ForeignKey] {
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT id, \"table\", \"from\", \"to\", on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq",
            arguments: [table])
        var keys: [(id: Int, key: ForeignKey)] = []
        for row in rows {
            let id: Int = row["id"]
            if keys.last?.id != id {
                let acts = ["CASCADE", "SET NULL", "SET DEFAULT"].contains((row["on_delete"] as String).uppercased())
                keys.append(
                    (id, ForeignKey(parent: row["table"], columns: [], parentColumns: [], actsOnDelete: acts)))
            }
            keys[keys.count - 1].key.columns.append(row["from"])
            if let column: String = row["to"] { keys[keys.count - 1].key.parentColumns.append(column) }
        }
        return keys.map(\.key)
    }
}

extension TableShape.UniqueIndex {
    /// Nil when its definition cannot be read; then evictions through it are not seen.
    init?(named name: String, isPartial: Bool, in db: Database) throws {
        let rows = try TableShape.terms(of: name, db)
        let hasExpression = rows.contains { $0["cid"] == -2 }
        var definition: IndexDefinition?
        if hasExpression || isPartial {
            let sql = try String.fetchOne(
                db, sql: "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", arguments: [name])
            guard let sql, let parsed = IndexDefinition(sql: sql), parsed.terms.count == rows.count else { return nil }
            definition = parsed
        }
        self.name = name
        predicate = definition?.predicate
        terms = rows.enumerated().compactMap { position, row in
            if let column: String = row["name"] { return Term(value: .column(column), collation: row["coll"]) }
            guard row["cid"] == -2, let definition else { return nil }
            return Term(value: .expression(definition.terms[position]), collation: row["coll"])
        }
        guard terms.count == rows.count else { return nil }
    }
}
