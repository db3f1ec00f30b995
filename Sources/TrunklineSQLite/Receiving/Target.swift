internal import GRDB
internal import TrunklineCore

/// The table that takes a stream's rows, with its statements.
final class Target {
    /// The tables that hold rows of other offices: at the head those with the branch's column, at a branch those of the
    /// head's.
    static func tables(_ db: Database) throws -> [TableName] {
        let office = try Office.read(db, operation: "rows")
        guard office.role == .head else {
            return try AcceptedTables(office, db).names.filter { try TableKind.find($0.inSQLite, in: db).shape != nil }
        }
        // What it writes itself, and what says which of it is for whom.
        let own = Set(
            try SyncedTable.all(db).flatMap { table -> [FoldedName] in
                guard case .mapping(_, let through, _, _)? = table.route else {
                    return [FoldedName(table.name.inSQLite)]
                }
                return [FoldedName(table.name.inSQLite), FoldedName(through.inSQLite)]
            })
        return try String.fetchAll(
            db,
            sql: """
                SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
                WHERE m.type = 'table' AND c.name = 'branch_id' AND m.name NOT GLOB 'trunkline_*'
                """
        ).filter { !own.contains(FoldedName($0)) }.map { TableName(parsing: $0) ?? TableName($0) }
    }

    /// Nullable columns of foreign keys that form a circle: stored as NULL first.
    let circular: Set<String>
    private let kinds: [WireKind]
    private let affinities: [DeclaredType.Affinity]
    private let keyIndices: [Int]
    private let columns: [WireColumn]
    /// Of the additions, in front of a line's own.
    private let constants: [SQLiteValue]
    private let upsert: Statement
    private let insert: Statement
    private let remove: Statement
    private let find: Statement
    /// Whether the upsert updates a row that is there.
    private let updates: Bool
    private let clash: KeyClash?
    let shape: TableShape
    /// SQL that finds a line's row.
    private let conditions: String
    /// nil: nothing was deleted yet.
    private var referring: ReferringRows?
    /// By whether it is of deletes; none: none failed yet.
    private var broken: [Bool: BrokenReferences] = [:]
    /// As ``bind(_:to:withoutCircular:)`` gives the values of a row.
    private let names: [String]
    private let db: Database

    enum Lookup {
        case found(Target)
        case missing
        case unfit(reason: String)
        case refused(reason: String)
    }

    /// - Parameters:
    ///   - isReturning: whether rows come back into tables that this office sends itself, and into no others.
    ///   - acceptance: nil: as the office's configuration says.
    static func find(
        _ mapping: TableMapping, stream: StreamID, returning isReturning: Bool, acceptance: TableAcceptance? = nil,
        _ db: Database
    ) throws -> Lookup {
        let name = mapping.target.inSQLite
        let folded = name.lowercased()
        if folded.hasPrefix("trunkline_") || folded.hasPrefix("sqlite_") {
            return .refused(reason: "\"\(name)\" takes no synced rows")
        }
        if let reason = mapping.clash({ FoldedName($0) == FoldedName($1) }) { return .unfit(reason: reason) }
        let office = try Office.read(db, operation: "receive")
        let kind = try TableKind.find(name, in: db)
        let isMissing = if case .missing = kind { true } else { false }
        let acceptance =
            try acceptance ?? AcceptedTables(office, db).acceptance(of: mapping.target, isMissing: isMissing)
        if isReturning {
            guard acceptance == .written else {
                return .refused(reason: "table \"\(mapping.target)\" is none that this office sends")
            }
        } else if let reason = acceptance.refusal(of: mapping) {
            return acceptance.keepsRows(of: mapping) ? .unfit(reason: reason) : .refused(reason: reason)
        }
        switch kind {
        case .missing: break
        case .notATable(let type):
            return .unfit(reason: "\"\(name)\" is a \(type) at \(mapping.place); give one of the two another name")
        case .unnameable(let bad):
            return .unfit(reason: "table \"\(name)\" has a name \"\(bad)\" at \(mapping.place) that no batch can have")
        case .withoutKey: return .unfit(reason: "table \"\(name)\" has no primary key at \(mapping.place)")
        case .table(let found): return try check(found, mapping, stream, db)
        }
        let isTaken = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ? COLLATE NOCASE)", arguments: [name])!
        return isTaken
            ? .unfit(reason: "\"\(name)\" is an index at \(mapping.place); give one of the two another name") : .missing
    }

    private static func check(_ found: TableShape, _ mapping: TableMapping, _ stream: StreamID, _ db: Database) throws
        -> Lookup
    {
        // As SQLite compares names: in any case.
        let present = Set(found.columns.map { FoldedName($0.name) })
        for addition in mapping.additions where !present.contains(FoldedName(addition.column)) {
            return .unfit(reason: "table \"\(mapping.target)\" has no column \(addition.column) at \(mapping.place)")
        }
        for column in mapping.columns where !present.contains(FoldedName(column.name)) {
            return .unfit(
                reason: "table \"\(mapping.target)\" has no column \"\(column.name)\" at \(mapping.place); add it")
        }
        let names = mapping.columns.map { FoldedName($0.name) }
        guard Set(names).count == names.count else {
            return .unfit(
                reason:
                    "table \"\(mapping.target)\" has two columns whose names SQLite takes for the same; rename one at \(mapping.origin)"
            )
        }
        let key = mapping.targetKey
        let folded = Set(key.map { FoldedName($0) })
        let unique = found.uniqueIndexes.contains { index in
            index.predicate == nil
                && Set(
                    index.terms.map { term in
                        if case .column(let name) = term.value { FoldedName(name) } else { FoldedName("") }
                    }) == folded
        }
        guard Set(found.key.map { FoldedName($0) }) == folded || unique else {
            return .unfit(
                reason:
                    "table \"\(mapping.target)\" has no primary key or unique index on (\(key.joined(separator: ", "))) at \(mapping.place)"
            )
        }
        return .found(try Target(found, mapping, stream, db))
    }

    private init(_ shape: TableShape, _ table: TableMapping, _ stream: StreamID, _ db: Database) throws {
        self.db = db
        constants = table.additions.map { .text(Array($0.value(in: stream).utf8)) }
        columns = table.columns
        kinds = table.columns.map { WireKind(wireType: $0.type) }
        affinities = table.columns.map { column in
            let own = shape.columns.first { FoldedName($0.name) == FoldedName(column.name) }!
            return DeclaredType(own.declaredType).affinity
        }
        keyIndices = table.key.map { name in table.columns.firstIndex { $0.name == name }! }
        circular = try ForeignKeyCircles(db).nullableColumns(of: shape).intersection(table.columns.map(\.name))
            .subtracting(table.key)
        let name = TableName.quoted(shape.name)
        names = table.additions.map(\.column) + table.columns.map(\.name)
        let list = names.map { TableName.quoted($0) }.joined(separator: ", ")
        let places = names.map { _ in "?" }.joined(separator: ", ")
        let key = table.targetKey
        let target = key.map { TableName.quoted($0) }.joined(separator: ", ")
        let assignments = table.columns.map(\.name).filter { !table.key.contains($0) }
            .map { "\(TableName.quoted($0)) = excluded.\(TableName.quoted($0))" }.joined(separator: ", ")
        clash = try KeyClash(shape, key: key, columns: names, db)
        let isSameKey = key.map {
            "\(name).\(TableName.quoted($0)) COLLATE \(TableShape.exact) = excluded.\(TableName.quoted($0))"
        }.joined(separator: " AND ")
        // ABORT, whatever the table's constraints say: a ROLLBACK of theirs would take the whole batch along.
        let head = "INSERT OR ABORT INTO \(name) (\(list)) VALUES (\(places)) ON CONFLICT (\(target))"
        insert = try db.makeStatement(sql: "\(head) DO NOTHING")
        upsert = try db.makeStatement(
            sql: assignments.isEmpty
                ? "\(head) DO NOTHING"
                : "\(head) DO UPDATE SET \(assignments)" + (clash == nil ? "" : " WHERE \(isSameKey)"))
        self.shape = shape
        conditions = shape.conditions(onKey: key) { "?\($0 + 1)" }.joined(separator: " AND ")
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
            if line.isDelete, let reason = try refusal(ofDelete: line) {
                return LineFailure(line: line, reason: reason, code: "constraint", lacksParent: true)
            }
            try bind(line, to: statement, withoutCircular: withoutCircular)
            guard try deferred.check({ _ = try statement.stepOnce(db) }) else {
                return try brokenReference(line)
            }
            guard db.changesCount == 0 else { return nil }
            return try statement === upsert ? clashFailure(line) ?? skipped(line, statement) : skipped(line, statement)
        } catch let refusal as FieldReader.Refusal {
            return LineFailure(line: line, reason: refusal.reason)
        } catch let error as DatabaseError where Target.blamesRow(error) {
            guard db.isInsideTransaction else { throw Target.rolledBack(line.table.name) }
            if !line.isDelete, error.resultCode.primaryResultCode == .SQLITE_CONSTRAINT,
                let failure = try clashFailure(line)
            {
                return failure
            }
            if error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY { return try brokenReference(line) }
            return LineFailure(
                line: line, reason: error.message ?? "\(error.resultCode)",
                code: error.resultCode.primaryResultCode == .SQLITE_CONSTRAINT ? "constraint" : nil)
        }
    }

    private func refusal(ofDelete line: ReceivedLine) throws -> String? {
        let rows = try referring ?? ReferringRows(to: shape, where: conditions, db)
        referring = rows
        return try rows.refusal { try bind(line, to: $0) }
    }

    private func brokenReference(_ line: ReceivedLine) throws -> LineFailure {
        let references =
            try broken[line.isDelete]
            ?? (line.isDelete
                ? BrokenReferences(toRowsIn: shape, where: conditions, db)
                : BrokenReferences(ofRowsIn: shape, columns: names, db))
        broken[line.isDelete] = references
        return LineFailure(
            line: line, reason: try references.reason { try bind(line, to: $0) }, code: "constraint",
            lacksParent: true)
    }

    /// - Throws: ``FieldReader/Refusal`` for a value that is none of its column's type.
    private func bind(_ line: ReceivedLine, to statement: Statement, withoutCircular: Bool = false) throws {
        var position = 1
        for constant in constants {
            try constant.bind(to: statement, at: position)
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

    private func clashFailure(_ line: ReceivedLine) throws -> LineFailure? {
        try clash?.reason { try bind(line, to: $0) }.map { LineFailure(line: line, reason: $0, code: "constraint") }
    }

    /// Of a statement that changed nothing and should have: `DO NOTHING` may not have to, and a delete has nothing to do
    /// where there is no row.
    private func skipped(_ line: ReceivedLine, _ statement: Statement) throws -> LineFailure? {
        guard try line.isDelete ? isThere(line) : statement === upsert && updates else { return nil }
        return LineFailure(line: line, reason: "a trigger of this database passed the row over (RAISE(IGNORE))")
    }

    private func isThere(_ line: ReceivedLine) throws -> Bool {
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

    /// Whether a table of this name would stand in the way of a table-valued function: ours and the application's queries
    /// would find it in its place.
    private static func hidesFunction(_ name: String, _ db: Database) throws -> Bool {
        let folded = name.lowercased()
        guard !folded.hasPrefix("pragma_"), !["json_each", "json_tree"].contains(folded) else { return true }
        return try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM pragma_module_list WHERE name = ? COLLATE NOCASE)", arguments: [name]
        )!
    }

    /// The most tables that are made for one stream.
    private static let madeTables = 1_000

    /// Makes the table for the rows of all streams: the additions in front of the key.
    /// - Returns: why it cannot be made; nil when it was.
    static func create(_ mapping: TableMapping, stream: StreamID, _ db: Database) throws -> String? {
        let made = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM trunkline_made_table WHERE stream = ?", arguments: [stream.description])!
        guard made < madeTables else {
            return "\(madeTables) tables were made for this stream already; make table \"\(mapping.target)\" by hand"
        }
        guard try !hidesFunction(mapping.target.inSQLite, db) else {
            return
                "table \"\(mapping.target)\" would hide a table of SQLite's own at \(mapping.place); give it another name"
        }
        var lines = mapping.additions.map { "\(TableName.quoted($0.column)) TEXT NOT NULL" }
        for column in mapping.columns {
            let type = DeclaredType.declaration(for: column.type)
            lines.append(
                "\(TableName.quoted(column.name)) \(type)\(mapping.key.contains(column.name) ? " NOT NULL" : "")")
        }
        let key = mapping.targetKey.map { TableName.quoted($0) }
        lines.append("PRIMARY KEY (\(key.joined(separator: ", ")))")
        do {
            try db.execute(
                sql: "CREATE TABLE \(TableName.quoted(mapping.target.inSQLite)) (\(lines.joined(separator: ", ")))")
        } catch let error as DatabaseError where blamesRow(error) {
            return
                "table \"\(mapping.target)\" cannot be made here (\(error.message ?? "\(error.resultCode)")); make it by hand, or leave it out of tables at \(mapping.origin)"
        }
        try db.execute(
            sql: "INSERT OR IGNORE INTO trunkline_made_table (name, stream, at) VALUES (?, ?, \(Timestamp.now))",
            arguments: [mapping.target.description, stream.description])
        try LocalWriteGuards(db).heal()
        return nil
    }
}
