internal import GRDB
internal import TrunklineCore

/// Finds the row whose key this database takes for that of another row, since a collation ignores what tells them apart.
struct KeyClash {
    private struct Question {
        var statement: Statement
        /// By its number, what the statement answers.
        var columns: [(name: String, collation: String)]
    }

    /// One for each unique index over the key that has such a collation.
    private let questions: [Question]
    private let db: Database

    /// - Parameter columns: of a line, in whose order the values are bound.
    /// - Returns: nil where all indexes over the key take keys for what they are.
    init?(_ shape: TableShape, key: [String], columns: [String], _ db: Database) throws {
        let table = TableName.quoted(shape.name)
        let names = columns.map { TableName.quoted($0) }.joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        questions = try shape.collations(ofKey: key).compactMap { collations in
            let loose = zip(key, collations).filter { !TableShape.isExact($0.1) }
            guard !loose.isEmpty else { return nil }
            let equal = zip(key, collations).map { KeyClash.compare($0, "=", $1) }
            let differing = loose.enumerated().map { number, column in
                "WHEN \(KeyClash.compare(column.0, "<>", TableShape.exact)) THEN \(number)"
            }
            let answer = "CASE \(differing.joined(separator: " ")) END"
            return Question(
                statement: try db.makeStatement(
                    sql: """
                        WITH line (\(names)) AS (VALUES (\(places)))
                        SELECT \(answer) FROM line JOIN \(table) AS stored ON \(equal.joined(separator: " AND "))
                        WHERE \(answer) IS NOT NULL
                        """), columns: loose.map { (name: $0.0, collation: $0.1) })
        }
        guard !questions.isEmpty else { return nil }
        self.db = db
    }

    /// The stored value first: it is its column's affinity that counts.
    private static func compare(_ column: String, _ comparison: String, _ collation: String) -> String {
        let name = TableName.quoted(column)
        return "stored.\(name) COLLATE \(TableName.quoted(collation)) \(comparison) line.\(name)"
    }

    /// Why a row cannot be stored beside the one that is there; nil when no such row is.
    /// - Parameter bind: binds the line's values to the statement.
    func reason(_ bind: (Statement) throws -> Void) throws -> String? {
        for question in questions {
            defer { question.statement.rewind() }
            try bind(question.statement)
            guard try question.statement.stepOnce(db),
                case .integer(let number) = SQLiteValue(question.statement, column: 0)
            else { continue }
            let column = question.columns[Int(number)]
            return """
                its key and that of another row differ only by what column "\(column.name)" ignores here (COLLATE \
                \(column.collation.uppercased())); give one of the rows another key, or make the table's key COLLATE BINARY here
                """
        }
        return nil
    }
}
