internal import GRDB
internal import GRDBSQLite
internal import TrunklineCore

extension SQLiteReceiving {
    func mappingRules() throws(StoreError) -> MappingRules {
        try run("read mappings", "the office") {
            guard let row = try Row.fetchOne(db, sql: "SELECT mapped_tables, new_columns FROM trunkline_office") else {
                return MappingRules()
            }
            var rules = MappingRules(newColumns: (row[1] as String?).flatMap(NewColumns.init(rawValue:)))
            let text: String = row[0]
            guard text != "[]" else { return rules }
            let tables = try JSONText.decode([MappedTableRule].self, text)
            rules.tables = Dictionary(tables.map { ($0.name, $0.mapping) }, uniquingKeysWith: { first, _ in first })
            return rules
        }
    }

    func columns(of table: TableName) throws(StoreError) -> [WireColumn]? {
        try run("look at table", table) {
            switch try TableKind.find(table.inSQLite, in: db) {
            case .table(let shape): shape.wireColumns
            // Values are looked up in one as well.
            case .withoutKey: try TableShape(name: table.inSQLite, isWithoutRowid: false, in: db).wireColumns
            case .missing, .notATable, .unnameable: nil
            }
        }
    }

    func columns(taking table: TableHeader, of stream: StreamID) throws(StoreError) -> [WireColumn]? {
        if case .found(let target)? = targets[TableMapping(table, of: stream)] { return target.shape.wireColumns }
        return try columns(of: table.name)
    }

    func canonical(_ table: TableName) -> TableName { TableName(table.inSQLite.lowercased()) }

    func isMissingOrMade(_ table: TableName) throws(StoreError) -> Bool {
        try run("look at table", table) {
            guard case .missing = try TableKind.find(table.inSQLite, in: db) else {
                return try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_made_table WHERE name = ?)",
                    arguments: [table.description])!
            }
            return true
        }
    }

    func problem(of computation: RowComputation, over table: TableHeader) throws(StoreError) -> String? {
        try run("look at a mapping", table.name) {
            if let problem = DecimalComparison.problem(of: computation, over: table) { return problem }
            for check in ComputationSQL(computation, table.columns, try ofBranches(computation)).checks {
                do {
                    let statement = try db.withoutQuotedTexts { try db.makeStatement(sql: check.sql) }
                    guard sqlite3_bind_parameter_count(statement.sqliteStatement) <= table.columns.count else {
                        return "table \"\(table.name)\": \(check.subject): a parameter in it has no value"
                    }
                } catch let error as DatabaseError {
                    return "table \"\(table.name)\": \(check.subject): \(error.message ?? "\(error.resultCode)")"
                }
            }
            return nil
        }
    }

    /// A file has one writer, who waits no longer than for a busy one.
    var computingPatience: Duration { .seconds(2) }

    func compute(
        _ computation: RowComputation, of group: LineGroup, in stream: StreamID, within budget: inout ComputingBudget
    ) throws(StoreError) -> [ComputedRow] {
        var left = budget
        defer { budget = left }
        return try run("compute rows", group.table.name) {
            let computer = try RowComputing(
                computation, group.table.columns, ofBranches(computation), of: stream.source, db)
            var end = left.spend(0)
            return try group.lines.map { line in
                if let end { return end }
                let row = try computer.compute(line)
                if case .values(let text) = row { end = left.spend(text.count) } else { end = left.spend(0) }
                return row
            }
        }
    }

    /// Tables in which values are looked up, and that hold rows of several branches.
    private func ofBranches(_ computation: RowComputation) throws -> Set<TableName> {
        try Set(computation.lookups.map(\.table)).filter { table in
            try columns(of: table)?.contains { $0.name.lowercased() == TableMapping.branchColumn } ?? false
        }
    }
}

extension SQLiteValue {
    /// What exact arithmetic gives is a text, of a whole number too.
    fileprivate func exact(as kind: WireKind) -> SQLiteValue {
        guard case .integer = kind, case .text(let bytes) = self,
            let number = Int64(String(decoding: bytes, as: UTF8.self))
        else { return self }
        return .integer(number)
    }
}

extension Database {
    /// Prepares what names columns in double quotes: one that is not there is a mistake, and no text.
    fileprivate func withoutQuotedTexts<Value>(_ body: () throws -> Value) rethrows -> Value {
        guard let connection = sqliteConnection else { return try body() }
        _disableDoubleQuotedStringLiterals(connection)
        defer { _enableDoubleQuotedStringLiterals(connection) }
        return try body()
    }
}

/// Computes values of rows, one by one.
private struct RowComputing {
    private let computation: RowComputation
    private let columns: [WireColumn]
    private let kinds: [WireKind]
    private let affinities: [DeclaredType.Affinity]
    private let outputs: [WireKind]
    private let statement: Statement
    private let db: Database

    /// - Parameter ofBranches: see ``ComputationSQL``.
    init(
        _ computation: RowComputation, _ columns: [WireColumn], _ ofBranches: Set<TableName>, of source: OfficeID,
        _ db: Database
    ) throws {
        self.computation = computation
        self.columns = columns
        self.db = db
        kinds = columns.map { WireKind(wireType: $0.type) }
        affinities = columns.map { DeclaredType(DeclaredType.declaration(for: $0.type)).affinity }
        outputs = computation.values.map { WireKind(wireType: $0.column.type) }
        let sql = ComputationSQL(computation, columns, ofBranches, source: source).query
        statement = try db.withoutQuotedTexts { try db.cachedStatement(sql: sql) }
    }

    func compute(_ line: ReceivedLine) throws -> ComputedRow {
        defer { statement.rewind() }
        do {
            let fields = line.text.dropLast().split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            for (index, field) in fields.enumerated() {
                let value = try FieldReader.value(
                    CopyText.bytes(field), as: kinds[index], misfit: line.misfits[columns[index].name],
                    into: affinities[index])
                try value.bind(to: statement, at: index + 1)
            }
            guard try statement.stepOnce(db) else { return .failed(reason: "nothing could be computed of it") }
        } catch let refusal as FieldReader.Refusal {
            return .failed(reason: refusal.reason)
        } catch let error as DatabaseError where error.resultCode.primaryResultCode != .SQLITE_INTERRUPT {
            return .failed(reason: computation.failure(error.message ?? "\(error.resultCode)"))
        }
        guard case .integer(1) = SQLiteValue(statement, column: 0) else { return .leftOut }
        if case .integer(let missing) = SQLiteValue(statement, column: 1) {
            return computation.unfound(Int(missing)) ?? .failed(reason: "nothing could be computed of it")
        }
        var text: [UInt8] = []
        for (index, kind) in outputs.enumerated() {
            if index > 0 { text.append(UInt8(ascii: "\t")) }
            let name = computation.values[index].column.name
            let value = SQLiteValue(statement, column: index + 2).exact(as: kind)
            if case .decimal = kind, case .real = value {
                return .failed(
                    reason:
                        "column \"\(name)\" is a decimal, and its expression gives a float; use decimal_mul, decimal_add, decimal_sub and decimal_round"
                )
            }
            switch value.withRaw({ FieldWriter.append($0, as: kind, to: &text) }) {
            case nil: break
            case .text, .blob:
                let type = computation.values[index].column.type
                return .failed(
                    reason:
                        "column \"\(name)\" is \(type), and what is computed is none\(kind.isDecimal ? "; round it: decimal_round" : "")"
                )
            case .notUTF8: return .failed(reason: "column \"\(name)\" would hold text that is not UTF-8")
            }
        }
        return .values(text[...])
    }
}

/// The SQL of a computation over rows of one shape, whose values are its parameters.
private struct ComputationSQL {
    private let computation: RowComputation
    private let columns: [WireColumn]
    /// In which values are looked up, and that hold rows of several branches: a row finds those of its own.
    private let ofBranches: Set<TableName>
    private let source: OfficeID?

    init(
        _ computation: RowComputation, _ columns: [WireColumn], _ ofBranches: Set<TableName>, source: OfficeID? = nil
    ) {
        self.computation = computation
        self.columns = columns
        self.ofBranches = ofBranches
        self.source = source
    }

    private var line: String {
        let names = columns.map { TableName.quoted($0.name) }.joined(separator: ", ")
        let places = columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        return "WITH line (\(names)) AS (VALUES (\(places)))"
    }

    private func value(_ value: RowComputation.Value) -> String {
        switch value.source {
        case .expression(let text): "(\(text)\n)"
        case .constant(let text): text.map { "'\($0.doubling("'"))'" } ?? "NULL"
        case .lookup(let lookup): "(\(found(lookup, "l.\(TableName.quoted(lookup.take))")))"
        case .firstOf(let texts): preconditionFailure("nobody chose among \(texts)")
        }
    }

    private func found(_ lookup: RowMapping.Lookup, _ taken: String) -> String {
        let own =
            ofBranches.contains(lookup.table)
            ? " AND l.\(TableMapping.branchColumn) = '\(source?.description ?? "")'" : ""
        return """
            SELECT \(taken) FROM \(TableName.quoted(lookup.table.inSQLite)) AS l \
            WHERE l.\(TableName.quoted(lookup.match)) = line.\(TableName.quoted(lookup.by))\(own)
            """
    }

    private var outputs: [String] {
        let keeps = computation.filter.map { "CASE WHEN (\($0)\n) THEN 1 ELSE 0 END" } ?? "1"
        let lookups = computation.lookups
        let missing = lookups.enumerated().flatMap { index, lookup in
            [
                "WHEN line.\(TableName.quoted(lookup.by)) IS NOT NULL AND NOT EXISTS (\(found(lookup, "1"))) THEN \(index)",
                // A subquery gives the first of several without a word.
                "WHEN EXISTS (\(found(lookup, "1")) LIMIT 1 OFFSET 1) THEN \(index + lookups.count)",
            ]
        }
        let lacking = missing.isEmpty ? "NULL" : "CASE \(missing.joined(separator: " ")) END"
        return [keeps, lacking] + computation.values.map(value)
    }

    var query: String { "\(line) SELECT \(outputs.joined(separator: ", ")) FROM line" }

    /// Statements that cannot be prepared where something is wrong, each with what it is about. A text that is right where nothing
    /// encloses it and in parentheses closes none of ours.
    var checks: [(subject: String, sql: String)] {
        var checks = computation.filter.map { [("where", "\(line) SELECT \(FilterText.alone($0)) FROM line")] } ?? []
        for value in computation.values {
            let subject = "columns: \(value.column.name)"
            if case .expression(let text) = value.source {
                checks.append((subject, "\(line) SELECT CASE WHEN true THEN \(text)\n END FROM line"))
            }
            checks.append((subject, "\(line) SELECT \(self.value(value)) FROM line"))
        }
        checks.append(("columns", query))
        return checks
    }
}
