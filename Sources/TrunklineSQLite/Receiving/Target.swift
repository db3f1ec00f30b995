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
    private let find: Statement
    /// Whether the upsert updates a row that is there.
    private let updates: Bool
    private let db: Database

    enum Lookup {
        case found(Target)
        case missing
        case unfit(reason: String)
    }

    static func find(_ shape: TargetShape, stream: StreamID, _ db: Database) throws -> Lookup {
        let name = shape.name.inSQLite
        let folded = name.lowercased()
        if folded.hasPrefix("trunkline_") || folded.hasPrefix("sqlite_") {
            return .unfit(reason: "\"\(name)\" takes no synced rows")
        }
        if shape.isAtHead, shape.columns.contains(where: { $0.name.lowercased() == "branch_id" }) {
            return .unfit(
                reason:
                    "table \"\(shape.name)\" has a column branch_id of its own, whose name the head needs for the branch; rename it at the branch"
            )
        }
        let office = try Office.read(db, operation: "receive")
        if office.role == .head, !office.acceptedTables.isEmpty, !office.acceptedTables.contains(shape.name) {
            return .unfit(reason: "table \"\(name)\" is not among the tables of this office's configuration")
        }
        switch try TableKind.find(name, in: db) {
        case .missing: break
        case .notATable(let type):
            return .unfit(reason: "\"\(name)\" is a \(type) at \(place(shape)); give one of the two another name")
        case .withoutKey: return .unfit(reason: "table \"\(name)\" has no primary key at \(place(shape))")
        case .table(let found): return try check(found, shape, stream, db)
        }
        let isTaken = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ? COLLATE NOCASE)", arguments: [name])!
        return isTaken
            ? .unfit(reason: "\"\(name)\" is an index at \(place(shape)); give one of the two another name") : .missing
    }

    private static func place(_ shape: TargetShape) -> String { shape.isAtHead ? "the head" : "this office" }

    private static func check(_ found: TableShape, _ shape: TargetShape, _ stream: StreamID, _ db: Database) throws
        -> Lookup
    {
        // As SQLite compares names: in any case.
        let present = Set(found.columns.map { $0.name.lowercased() })
        if shape.isAtHead, !present.contains("branch_id") {
            return .unfit(reason: "table \"\(shape.name)\" has no column branch_id at \(place(shape))")
        }
        for column in shape.columns where !present.contains(column.name.lowercased()) {
            return .unfit(
                reason: "table \"\(shape.name)\" has no column \"\(column.name)\" at \(place(shape)); add it")
        }
        let names = shape.columns.map { $0.name.lowercased() }
        guard Set(names).count == names.count else {
            return .unfit(
                reason:
                    "table \"\(shape.name)\" has two columns whose names SQLite takes for the same; rename one at the branch"
            )
        }
        let key = (shape.isAtHead ? ["branch_id"] : []) + shape.key
        let folded = Set(key.map { $0.lowercased() })
        let unique = found.uniqueIndexes.contains { index in
            index.predicate == nil
                && Set(
                    index.terms.map { term in
                        if case .column(let name) = term.value { name.lowercased() } else { "" }
                    }) == folded
        }
        guard Set(found.key.map { $0.lowercased() }) == folded || unique else {
            return .unfit(
                reason:
                    "table \"\(shape.name)\" has no primary key or unique index on (\(key.joined(separator: ", "))) at \(place(shape))"
            )
        }
        return .found(try Target(found, shape, branch: shape.isAtHead ? stream.source : nil, key: key, db))
    }

    private init(_ shape: TableShape, _ table: TargetShape, branch: OfficeID?, key: [String], _ db: Database) throws {
        self.db = db
        self.branch = branch.map { .text(Array($0.description.utf8)) }
        columns = table.columns
        kinds = table.columns.map { WireKind(wireType: $0.type) }
        affinities = table.columns.map { column in
            let own = shape.columns.first { $0.name.lowercased() == column.name.lowercased() }!
            return DeclaredType(own.declaredType).affinity
        }
        keyIndices = table.key.map { name in table.columns.firstIndex { $0.name == name }! }
        circular = try ForeignKeyCircles(db).nullableColumns(of: shape).intersection(table.columns.map(\.name))
            .subtracting(table.key)
        let name = TableName.quoted(shape.name)
        let names = (branch == nil ? [] : ["branch_id"]) + table.columns.map(\.name)
        let list = names.map { TableName.quoted($0) }.joined(separator: ", ")
        let places = names.map { _ in "?" }.joined(separator: ", ")
        let target = key.map { TableName.quoted($0) }.joined(separator: ", ")
        let assignments = table.columns.map(\.name).filter { !table.key.contains($0) }
            .map { "\(TableName.quoted($0)) = excluded.\(TableName.quoted($0))" }.joined(separator: ", ")
        // ABORT, whatever the table's constraints say: a ROLLBACK of theirs would take the whole batch along.
        let head = "INSERT OR ABORT INTO \(name) (\(list)) VALUES (\(places)) ON CONFLICT (\(target))"
        insert = try db.makeStatement(sql: "\(head) DO NOTHING")
        upsert = try db.makeStatement(
            sql: assignments.isEmpty ? "\(head) DO NOTHING" : "\(head) DO UPDATE SET \(assignments)")
        let conditions = key.map { "\(TableName.quoted($0)) = ?" }.joined(separator: " AND ")
        remove = try db.makeStatement(sql: "DELETE FROM \(name) WHERE \(conditions)")
        find = try db.makeStatement(sql: "SELECT 1 FROM \(name) WHERE \(conditions)")
        updates = !assignments.isEmpty
    }

    /// Stores or deletes one line's row.
    /// - Parameter withoutCircular: only inserts, with NULL in the circular columns.
    /// - Returns: why it cannot be; nil when it was.
    /// - Throws: what is neither the row's nor its table's fault.
    func apply(_ line: ReceivedLine, _ deferred: DeferredKeys, withoutCircular: Bool = false) throws -> LineFailure? {
        let statement = line.isDelete ? remove : withoutCircular ? insert : upsert
        defer { statement.rewind() }
        do {
            try bind(line, to: statement, withoutCircular: withoutCircular)
            guard try deferred.check({ _ = try statement.stepOnce(db) }) else {
                return LineFailure(
                    line: line, reason: "FOREIGN KEY constraint failed", code: "constraint", lacksParent: true)
            }
            if db.changesCount == 0, try isSkipped(line, statement) {
                return LineFailure(line: line, reason: "a trigger of this database passed the row over (RAISE(IGNORE))")
            }
            return nil
        } catch let refusal as FieldReader.Refusal {
            return LineFailure(line: line, reason: refusal.reason)
        } catch let error as DatabaseError where Target.blamesRow(error) {
            guard db.isInsideTransaction else { throw Target.rolledBack(line.table.name) }
            return LineFailure(
                line: line, reason: error.message ?? "\(error.resultCode)",
                code: error.resultCode.primaryResultCode == .SQLITE_CONSTRAINT ? "constraint" : nil,
                lacksParent: error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY)
        }
    }

    /// - Throws: ``FieldReader/Refusal`` for a value that is none of its column's type.
    private func bind(_ line: ReceivedLine, to statement: Statement, withoutCircular: Bool = false) throws {
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
    }

    /// Whether a statement that changed nothing should have: `DO NOTHING` may not have to, and a delete has nothing to do
    /// where there is no row.
    private func isSkipped(_ line: ReceivedLine, _ statement: Statement) throws -> Bool {
        guard line.isDelete else { return statement === upsert && updates }
        defer { find.rewind() }
        try bind(line, to: find)
        return try find.stepOnce(db)
    }

    /// Whether the row or its table is to blame: a constraint, a strict type, a value too large, a trigger that raises or
    /// does not compile.
    private static func blamesRow(_ error: DatabaseError) -> Bool {
        switch error.resultCode.primaryResultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG, .SQLITE_ERROR, .SQLITE_RANGE: true
        default: false
        }
    }

    private static func rolledBack(_ table: TableName) -> StoreError {
        StoreError(
            .table, operation: "store rows", subject: "table \"\(table)\"",
            reason: "a trigger of it ended the whole transaction (RAISE(ROLLBACK))",
            hint: "write RAISE(ABORT) in that trigger")
    }

    /// The most tables that are made for one stream.
    private static let madeTables = 1_000

    /// Makes the table for the rows of all branches: `branch_id` in front of the key.
    /// - Returns: why it cannot be made; nil when it was.
    static func create(_ shape: TargetShape, stream: StreamID, _ db: Database) throws -> String? {
        let made = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM trunkline_made_table WHERE stream = ?", arguments: [stream.description])!
        guard made < madeTables else {
            return "\(madeTables) tables were made for this branch already; make table \"\(shape.name)\" by hand"
        }
        var lines = shape.isAtHead ? ["branch_id TEXT NOT NULL"] : []
        for column in shape.columns {
            let type = DeclaredType.declaration(for: column.type)
            lines.append(
                "\(TableName.quoted(column.name)) \(type)\(shape.key.contains(column.name) ? " NOT NULL" : "")")
        }
        let key = (shape.isAtHead ? ["branch_id"] : []) + shape.key.map { TableName.quoted($0) }
        lines.append("PRIMARY KEY (\(key.joined(separator: ", ")))")
        do {
            try db.execute(
                sql: "CREATE TABLE \(TableName.quoted(shape.name.inSQLite)) (\(lines.joined(separator: ", ")))")
        } catch let error as DatabaseError where blamesRow(error) {
            return
                "table \"\(shape.name)\" cannot be made here (\(error.message ?? "\(error.resultCode)")); make it by hand, or leave it out of tables at the branch"
        }
        try db.execute(
            sql: "INSERT OR IGNORE INTO trunkline_made_table (name, stream, at) VALUES (?, ?, \(Timestamp.now))",
            arguments: [shape.name.inSQLite, stream.description])
        return nil
    }
}
