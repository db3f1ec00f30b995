internal import GRDB
internal import TrunklineCore

/// Says which foreign key it was that SQLite's «FOREIGN KEY constraint failed» does not name.
///
/// Asked only after a line failed, so it may take its time; an office with thousands of such rows asks with prepared
/// statements.
struct BrokenReferences {
    /// Of a row: SQL finds the parent that is missing. Of a delete: the rows that refer to it.
    private let questions: [(reason: String, statement: Statement)]
    private let db: Database

    /// What a row may lack.
    /// - Parameter columns: of a line, in whose order the values are bound.
    init(ofRowsIn shape: TableShape, columns: [String], _ db: Database) throws {
        self.db = db
        let line = BrokenReferences.line(columns)
        questions = try shape.foreignKeys.compactMap { key in
            // Columns that the line does not have are not looked at: their values are the table's defaults.
            let isGiven = key.columns.allSatisfy { name in columns.contains { FoldedName($0) == FoldedName(name) } }
            guard isGiven, let parent = try TableKind.find(key.parent, in: db).shape else { return nil }
            let given = key.columns.map { "line.\(TableName.quoted($0)) IS NOT NULL" }
            // The parent's value first: it is its column's affinity and collation that count.
            let equal = zip(parent.columns(of: key), key.columns).map {
                "p.\(TableName.quoted($0)) = line.\(TableName.quoted($1))"
            }
            let sql = """
                \(line) SELECT 1 FROM line WHERE \(given.joined(separator: " AND ")) AND NOT EXISTS (
                    SELECT 1 FROM \(TableName.quoted(parent.name)) AS p WHERE \(equal.joined(separator: " AND ")))
                """
            return (
                "table \"\(parent.name)\" lacks the row that its \(key.names) names", try db.makeStatement(sql: sql)
            )
        }
    }

    /// What may refer to a row that is to be deleted.
    /// - Parameter conditions: SQL that finds the row by the parameters `?1`, `?2`, ….
    init(toRowsIn shape: TableShape, where conditions: String, _ db: Database) throws {
        self.db = db
        let names = try String.fetchAll(
            db,
            sql: """
                SELECT DISTINCT m.name FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS f
                WHERE m.type = 'table' AND f."table" = ? COLLATE NOCASE ORDER BY m.name
                """, arguments: [shape.name])
        questions = try names.flatMap { name in
            guard let child = try TableKind.find(name, in: db).shape else { return [(String, Statement)]() }
            let keys = child.foreignKeys.filter { FoldedName($0.parent) == FoldedName(shape.name) }
            return try keys.map { key in
                let equal = zip(shape.columns(of: key), key.columns).map {
                    "p.\(TableName.quoted($0)) = c.\(TableName.quoted($1))"
                }
                let sql = """
                    SELECT 1 FROM (SELECT * FROM \(TableName.quoted(shape.name)) WHERE \(conditions)) AS p
                    JOIN \(TableName.quoted(child.name)) AS c ON \(equal.joined(separator: " AND ")) LIMIT 1
                    """
                return ("rows of table \"\(child.name)\" refer to it by \(key.names)", try db.makeStatement(sql: sql))
            }
        }
    }

    private static func line(_ columns: [String]) -> String {
        let names = columns.map { TableName.quoted($0) }.joined(separator: ", ")
        return "WITH line (\(names)) AS (VALUES (\(columns.map { _ in "?" }.joined(separator: ", "))))"
    }

    /// - Parameter bind: binds the line's values to the statement.
    func reason(_ bind: (Statement) throws -> Void) throws -> String {
        for (reason, statement) in questions {
            defer { statement.rewind() }
            try bind(statement)
            if try statement.stepOnce(db) { return "\(BrokenReferences.message): \(reason)" }
        }
        return BrokenReferences.message
    }

    /// SQLite's own words.
    private static let message = "FOREIGN KEY constraint failed"
}

extension TableShape.ForeignKey {
    /// For messages to people.
    fileprivate var names: String { columns.map { "\"\($0)\"" }.joined(separator: ", ") }
}
