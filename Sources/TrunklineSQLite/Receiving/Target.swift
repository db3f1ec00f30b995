internal import GRDB
internal import TrunklineCore

/// The table that takes a stream's rows, with its statements.
final class Target {
    /// The head's tables that hold rows of branches.
    static func tables(_ db: Database) throws -> [TableName] {
        try String.fetchAll(
            db,
            sql: """
                SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
                WHERE m.type = 'table' AND c.name = 'branch_id' AND m.name NOT GLOB 'trunkline_*'
                """
        ).map { TableName(parsing: $0) ?? TableName($0) }
    }

    /// Nullable columns of foreign keys that form a circle: stored as NULL first.
    let circular: Set<String>
    private let kinds: [WireKind]
    private let affinities: [DeclaredType.Affinity]
    private let keyIndices: [Int]
    private let columns: [WireColumn]
    private let branch: SQLiteValue?
    private let upsert: Statement
    private let insert: Statement
    private let remove: Statement
    private let db: Database

    enum Lookup {
        case found(Target)
        case missing
        case unfit(reason: String)
    }

    static func find(_ table: TableHeader, stream: StreamID, _ db: Database) throws -> Lookup {
        let name = table.name.inSQLite
        let folded = name.lowercased()
        if folded.hasPrefix("trunkline_") || folded.hasPrefix("sqlite_") {
            return .unfit(reason: "\"\(name)\" takes no synced rows")
        }
        let office = try Office.read(db, operation: "receive")
        if office.role == .head, !office.acceptedTables.isEmpty, !office.acceptedTables.contains(table.name) {
            return .unfit(reason: "table \"\(name)\" is not among the tables of this office's configuration")
        }
        switch try TableKind.find(name, in: db) {
        case .missing: return .missing
        case .notATable(let type): return .unfit(reason: "\"\(name)\" is a \(type) at \(stream.destination)")
        case .withoutKey: return .unfit(reason: "table \"\(name)\" has no primary key at \(stream.destination)")
        case .table(let shape): return try check(shape, table, stream, db)
        }
    }

    private static func check(_ shape: TableShape, _ table: TableHeader, _ stream: StreamID, _ db: Database) throws
        -> Lookup
    {
        let atHead = stream.destination == .head
        let present = Set(shape.columns.map(\.name))
        if atHead, !present.contains("branch_id") {
            return .unfit(reason: "table \"\(table.name)\" has no column branch_id at \(stream.destination)")
        }
        for column in table.columns where !present.contains(column.name) {
            return .unfit(
                reason: "table \"\(table.name)\" has no column \"\(column.name)\" at \(stream.destination); add it")
        }
        let key = (atHead ? ["branch_id"] : []) + table.key
        let unique = shape.uniqueIndexes.contains { index in
            index.predicate == nil
                && Set(index.terms.map(\.value)) == Set(key.map { TableShape.UniqueIndex.Value.column($0) })
        }
        guard Set(shape.key) == Set(key) || unique else {
            return .unfit(
                reason:
                    "table \"\(table.name)\" has no primary key or unique index on (\(key.joined(separator: ", "))) at \(stream.destination)"
            )
        }
        return .found(try Target(shape, table, branch: atHead ? stream.source : nil, key: key, db))
    }

    private init(_ shape: TableShape, _ table: TableHeader, branch: OfficeID?, key: [String], _ db: Database) throws {
        self.db = db
        self.branch = branch.map { .text(Array($0.description.utf8)) }
        columns = table.columns
        kinds = table.columns.map { WireKind(wireType: $0.type) }
        affinities = table.columns.map { DeclaredType(shape.declaredType(of: $0.name)!).affinity }
        keyIndices = table.key.map { name in table.columns.firstIndex { $0.name == name }! }
        circular = try ForeignKeyCircles(db).nullableColumns(of: shape).intersection(table.columns.map(\.name))
            .subtracting(table.key)
        let name = TableName.quoted(shape.name)
        let names = (branch == nil ? [] : ["branch_id"]) + table.columns.map(\.name)
        let list = names.map { TableName.quoted($0) }.joined(separator: ", ")
        let places = names.map { _ in "?" }.joined(separator: ", ")
        let target = key.map { TableName.quoted($0) }.joined(separator: ", ")
        let updates = table.columns.map(\.name).filter { !table.key.contains($0) }
            .map { "\(TableName.quoted($0)) = excluded.\(TableName.quoted($0))" }.joined(separator: ", ")
        let head = "INSERT INTO \(name) (\(list)) VALUES (\(places)) ON CONFLICT (\(target))"
        insert = try db.makeStatement(sql: "\(head) DO NOTHING")
        upsert = try db.makeStatement(sql: updates.isEmpty ? "\(head) DO NOTHING" : "\(head) DO UPDATE SET \(updates)")
        let conditions = key.map { "\(TableName.quoted($0)) = ?" }.joined(separator: " AND ")
        remove = try db.makeStatement(sql: "DELETE FROM \(name) WHERE \(conditions)")
    }

    /// Stores or deletes one line's row.
    /// - Parameter withoutCircular: only inserts, with NULL in the circular columns.
    /// - Returns: why it cannot be; nil when it was.
    /// - Throws: what is not the row's fault.
    func apply(_ line: Line, withoutCircular: Bool = false) throws -> String? {
        let statement = line.isDelete ? remove : withoutCircular ? insert : upsert
        defer { statement.rewind() }
        do {
            var position = 1
            if let branch {
                try branch.bind(to: statement, at: position)
                position += 1
            }
            let fields = line.text.dropLast().split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            for (index, field) in fields.enumerated() {
                let column = line.isDelete ? keyIndices[index] : index
                let name = columns[column].name
                let value =
                    withoutCircular && circular.contains(name)
                    ? .null
                    : try FieldReader.value(
                        CopyText.bytes(field), as: kinds[column], misfit: line.misfits[name], into: affinities[column])
                try value.bind(to: statement, at: position)
                position += 1
            }
            _ = try statement.stepOnce(db)
            return nil
        } catch let refusal as FieldReader.Refusal {
            return refusal.reason
        } catch let error as DatabaseError where Target.blamesRow(error) {
            return error.message ?? "\(error.resultCode)"
        }
    }

    /// Whether the row is to blame: a constraint, a strict type, a value too large.
    private static func blamesRow(_ error: DatabaseError) -> Bool {
        switch error.resultCode.primaryResultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG, .SQLITE_ERROR: true
        default: false
        }
    }

    /// Makes the table for the rows of all branches: `branch_id` in front of the key.
    static func create(_ table: TableHeader, stream: StreamID, _ db: Database) throws {
        let atHead = stream.destination == .head
        var lines = atHead ? ["branch_id TEXT NOT NULL"] : []
        for column in table.columns {
            let type = DeclaredType.declaration(for: column.type)
            lines.append(
                "\(TableName.quoted(column.name)) \(type)\(table.key.contains(column.name) ? " NOT NULL" : "")")
        }
        let key = (atHead ? ["branch_id"] : []) + table.key.map { TableName.quoted($0) }
        lines.append("PRIMARY KEY (\(key.joined(separator: ", ")))")
        try db.execute(
            sql:
                "CREATE TABLE IF NOT EXISTS \(TableName.quoted(table.name.inSQLite)) (\(lines.joined(separator: ", ")))"
        )
    }
}
