import TrunklineCore

extension PostgresReceiving {
    func mappingRules() throws(StoreError) -> MappingRules {
        let found = try connection.query(ReceiverStatements.mappingRules)
        guard found.rowCount == 1 else { return MappingRules() }
        var rules = MappingRules(newColumns: found.value(0, 1).flatMap(NewColumns.init(rawValue:)))
        guard let text = found.value(0, 0), text != "[]" else { return rules }
        let tables = try JSONText.decode([MappedTableRule].self, text, "mapped tables")
        rules.tables = Dictionary(tables.map { ($0.name, $0.mapping) }, uniquingKeysWith: { first, _ in first })
        return rules
    }

    func columns(of table: TableName) throws(StoreError) -> [Column]? {
        try Catalog(connection).table(table)?.wireColumns
    }

    func problem(of computation: RowComputation, over table: TableHeader) throws(StoreError) -> String? {
        if connection.computations.isRight(computation, table.columns) { return nil }
        var types: [String] = []
        for column in table.columns { types.append(try Target.safeType(column.type, connection)) }
        var ofBranches: Set<TableName> = []
        for lookup in computation.lookups where !ofBranches.contains(lookup.table) {
            let columns = try Catalog(connection).table(lookup.table)?.columns ?? []
            if columns.contains(where: { $0.name == TableMapping.branchColumn }) { ofBranches.insert(lookup.table) }
        }
        let sql = ComputationSQL(computation, table.columns, types: types, ofBranches: ofBranches)
        let operation = "look at a mapping"
        for check in sql.checks {
            try connection.script("SAVEPOINT mapping; \(ComputationSQL.settings)", operation)
            do throws(StoreError) {
                try connection.run(check.sql, [], operation)
                try connection.script("\(ComputationSQL.ourSettings); RELEASE mapping", operation)
            } catch {
                guard error.isOfRowOrTable || error.code == .notInitialised, connection.isOpen else { throw error }
                try connection.script("ROLLBACK TO mapping; RELEASE mapping", operation)
                return "table \"\(table.name)\": \(check.subject): \(error.reason)"
            }
        }
        connection.computations.keep(sql, computation, table.columns)
        return nil
    }

    var computingPatience: Duration { .seconds(20) }

    func canonical(_ table: TableName) -> TableName { table.inDefaultSchema }

    func isMissingOrMade(_ table: TableName) throws(StoreError) -> Bool {
        guard try Catalog(connection).table(table) != nil else { return true }
        return try connection.query(
            ReceiverStatements.isMade, [connection.portable(table.inDefaultSchema.description)]
        ).flag(0, 0)
    }

    func compute(
        _ computation: RowComputation, of group: LineGroup, in stream: StreamID, within budget: inout ComputingBudget
    ) throws(StoreError) -> [ComputedRow] {
        guard let sql = connection.computations.sql(computation, group.table.columns) else {
            throw StoreError(
                .program, operation: "compute rows", subject: "table \"\(group.table.name)\"",
                reason: "its mapping was not looked at")
        }
        let (operation, writer, columns) = ("compute rows", writer(stream), group.table.columns.count)
        if let end = budget.spend(0) { return group.lines.map { _ in end } }
        var (end, isSlow): (ComputedRow?, Bool) = (nil, false)
        var rows: [ComputedRow] = []
        try connection.script("SAVEPOINT computing; \(ComputationSQL.settings(within: budget.timeLeft / 2))", operation)
        do throws(StoreError) {
            let stage = try writer.stage(group.bytes, columns: columns)
            let isWhole = try connection.copyOut(sql.query(of: stage, stream), operation) { line in
                end = budget.spend(line.count)
                rows.append(sql.row(Array(line)[...]))
                return end == nil
            }
            if isWhole {
                try connection.script("\(ComputationSQL.ourSettings); RELEASE computing", operation)
                return rows
            }
        } catch {
            isSlow = error.databaseCode == ComputationSQL.canceled
            guard isSlow || error.isOfRowOrTable || error.code == .notInitialised, connection.isOpen else {
                throw error
            }
            // Somebody changed a table in which values are looked up.
            if ["42P01", "42703", "42883"].contains(error.databaseCode) {
                connection.computations.doubt(computation, group.table.columns)
            }
        }
        try connection.script("ROLLBACK TO computing; RELEASE computing", operation)
        writer.forgetStages()
        if let end { return rows.dropLast() + group.lines.dropFirst(max(0, rows.count - 1)).map { _ in end } }
        return try computeEach(group.lines, columns, sql, stream, isSlow: isSlow, &budget)
    }

    /// Some row is to blame, or all of them at once take too long.
    private func computeEach(
        _ lines: [ReceivedLine], _ columns: Int, _ sql: ComputationSQL, _ stream: StreamID, isSlow: Bool,
        _ budget: inout ComputingBudget
    ) throws(StoreError) -> [ComputedRow] {
        let operation = "compute rows"
        var rows = lines.map { _ in ComputedRow.failed(reason: "nothing could be computed of it") }
        var end: ComputedRow?
        let few = stride(from: 0, to: lines.count, by: Self.slowLines).map {
            $0..<min($0 + Self.slowLines, lines.count)
        }
        for portion in isSlow ? few : ReceiverEngine.portions(lines.map(\.text.count)) {
            end = end ?? budget.spend(0)
            if let end {
                for index in portion { rows[index] = end }
                continue
            }
            try connection.script("SAVEPOINT computing; \(ComputationSQL.settings(within: budget.timeLeft))", operation)
            do throws(StoreError) {
                let found = try writer(stream).eachLine(
                    Array(lines[portion]), columns: columns, sql.statement(marking: Self.computed, stream))
                for failed in found {
                    end = end ?? budget.spend(failed.message.utf8.count)
                    rows[portion.lowerBound + failed.line] =
                        failed.code == Self.computed
                        ? sql.row(json: failed.message)
                        : .failed(
                            reason: sql.computation.failure(
                                StoreError.withoutValues(failed.message, code: failed.code)))
                }
                try connection.script("\(ComputationSQL.ourSettings); RELEASE computing", operation)
            } catch {
                guard error.databaseCode == ComputationSQL.canceled, connection.isOpen else { throw error }
                try connection.script("ROLLBACK TO computing; RELEASE computing", operation)
                writer(stream).forgetStages()
                end = ComputingBudget.tooSlow
                for index in portion { rows[index] = ComputingBudget.tooSlow }
            }
        }
        return rows
    }

    private static let computed = "mapped"
    /// So many at a time of those that took too long together.
    private static let slowLines = 20
}

/// The SQL of a computation over rows of one shape.
struct ComputationSQL {
    let computation: RowComputation
    /// The sender's columns, and the types to which their texts are cast.
    private let columns: [(name: String, type: String)]
    /// In which values are looked up, and that hold rows of several branches.
    private let ofBranches: Set<TableName>

    init(_ computation: RowComputation, _ columns: [Column], types: [String], ofBranches: Set<TableName>) {
        self.computation = computation
        self.ofBranches = ofBranches
        self.columns = zip(columns, types).map { ($0.name, $1) }
    }

    /// What one connection knows to be right, until it closes.
    struct Cache {
        private struct Key: Hashable {
            var computation: RowComputation
            var columns: [Column]
        }

        private var known: [Key: (sql: ComputationSQL, isRight: Bool)] = [:]
        private static let most = 1_000

        func isRight(_ computation: RowComputation, _ columns: [Column]) -> Bool {
            known[Key(computation: computation, columns: columns)]?.isRight ?? false
        }

        func sql(_ computation: RowComputation, _ columns: [Column]) -> ComputationSQL? {
            known[Key(computation: computation, columns: columns)]?.sql
        }

        mutating func keep(_ sql: ComputationSQL, _ computation: RowComputation, _ columns: [Column]) {
            if known.count >= Self.most { known = [:] }
            known[Key(computation: computation, columns: columns)] = (sql, true)
        }

        /// It is looked at once more, at the next batch.
        mutating func doubt(_ computation: RowComputation, _ columns: [Column]) {
            known[Key(computation: computation, columns: columns)]?.isRight = false
        }
    }

    /// Expressions mean what they mean in the user's own sessions; dates are written as we write them.
    static let settings = "SET LOCAL search_path TO DEFAULT; SET LOCAL timezone TO DEFAULT"
    static let ourSettings =
        "SET LOCAL search_path TO ''; SET LOCAL timezone TO 'UTC'; SET LOCAL statement_timeout TO '\(PostgresStore.statementPatience)'"
    /// `query_canceled`.
    static let canceled = "57014"

    static func settings(within time: Duration) -> String {
        "\(settings); SET LOCAL statement_timeout TO '\(max(1, Int64(time / .milliseconds(1))))ms'"
    }

    /// The rows as the expressions know them.
    /// - Parameter field: the text of a column, by its number from 1.
    private func line(_ field: (Int) -> String, besides others: [String] = []) -> String {
        let values = columns.enumerated().map { index, column in
            "\(field(index + 1))::\(column.type) AS \(column.name.identifier)"
        }
        return "SELECT \((others + values).joined(separator: ", "))"
    }

    private func value(_ value: RowComputation.Value) -> String {
        switch value.source {
        case .expression(let text): "(\(text)\n)::\(assigned(value.column.type))"
        case .constant(let text): (text?.literal ?? "NULL") + "::\(value.column.type)"
        case .lookup(let lookup): "(\(found(lookup, lookup.take)) LIMIT 1)::\(assigned(value.column.type))"
        case .firstOf(let texts):
            preconditionFailure("nobody chose among \(texts)")
        }
    }

    /// A cast to a type of so many characters cuts the text off, where an `INSERT` refuses it.
    private func assigned(_ type: String) -> String {
        guard type.hasPrefix("character") else { return type }
        return type.hasSuffix("[]") ? "text[]" : "text"
    }

    private func found(_ lookup: RowMapping.Lookup, _ column: String?) -> String {
        let taken = column.map { "l.\($0.identifier)" } ?? ""
        // What a branch calls so is no other branch's.
        let own =
            ofBranches.contains(lookup.table)
            ? " AND l.\(TableMapping.branchColumn)::text = line.\("trunkline branch".identifier)" : ""
        return
            "SELECT \(taken) FROM \(lookup.table.sql) l WHERE l.\(lookup.match.identifier) = line.\(lookup.by.identifier)\(own)"
    }

    /// Whether the row is stored, the number of the lookup that does not find one row, and the values.
    private var outputs: [String] {
        let keeps = computation.filter.map { "CASE WHEN (\($0)\n) THEN 't' ELSE 'f' END" } ?? "'t'"
        let lookups = computation.lookups
        let missing = lookups.enumerated().flatMap { index, lookup in
            [
                "WHEN line.\(lookup.by.identifier) IS NOT NULL AND NOT EXISTS (\(found(lookup, nil))) THEN \(index)",
                "WHEN EXISTS (\(found(lookup, nil)) LIMIT 1 OFFSET 1) THEN \(index + lookups.count)",
            ]
        }
        let lacking = missing.isEmpty ? "NULL::integer" : "CASE \(missing.joined(separator: " ")) END"
        return [keeps, lacking] + computation.values.map(value)
    }

    private func source(_ stream: StreamID?) -> String {
        "\((stream?.source.description ?? "").literal)::text AS \("trunkline branch".identifier)"
    }

    func query(of stage: String, _ stream: StreamID) -> String {
        let rows = line(
            { "c\($0)" }, besides: [source(stream), "row_number() OVER (ORDER BY ctid) AS \"trunkline number\""])
        return """
            COPY (SELECT \(outputs.joined(separator: ", ")) FROM (\(rows) FROM \(stage)) AS line ORDER BY line."trunkline number")
            TO STDOUT
            """
    }

    /// For `trunkline_line`, as ``RowWriter/eachLine(_:columns:_:)`` has it.
    func statement(marking code: String, _ stream: StreamID) -> String {
        let texts = outputs.map { "(\($0))::text" }.joined(separator: ", ")
        return """
            INSERT INTO pg_temp.trunkline_failed
                SELECT trunkline_line.number, \(code.literal), pg_catalog.array_to_json(ARRAY[\(texts)]::text[])::text
                FROM (\(line({ "trunkline_line.c\($0)" }, besides: [source(stream)]))) AS line
            """
    }

    /// Statements that fail where something is wrong, each with what it is about. A text that is right where nothing encloses it
    /// and in parentheses closes none of ours.
    var checks: [(subject: String, sql: String)] {
        let nothing = "FROM (\(line({ _ in "NULL::text" }, besides: [source(nil)]))) AS line WHERE false"
        var checks =
            computation.filter.map {
                [
                    ("where", "SELECT \(FilterText.alone($0)) \(nothing)"),
                    ("where", "SELECT (\($0)\n)::boolean \(nothing)"),
                ]
            } ?? []
        for value in computation.values {
            let subject = "columns: \(value.column.name)"
            if case .expression(let text) = value.source {
                checks.append((subject, "SELECT CASE WHEN true THEN \(text)\n END \(nothing)"))
            }
            checks.append((subject, "SELECT \(self.value(value)) \(nothing)"))
        }
        checks.append(("columns", "SELECT \(outputs.joined(separator: ", ")) \(nothing)"))
        return checks
    }

    /// - Parameter line: of the query, with its newline.
    func row(_ line: ArraySlice<UInt8>) -> ComputedRow {
        let text = line.last == UInt8(ascii: "\n") ? line.dropLast() : line
        let fields = text.split(separator: UInt8(ascii: "\t"), maxSplits: 2, omittingEmptySubsequences: false)
        let missing = fields[1].first == UInt8(ascii: "\\") ? nil : Int(String(decoding: fields[1], as: UTF8.self))
        return outcome(isKept: fields[0].first == UInt8(ascii: "t"), missing) { fields.count > 2 ? fields[2] : [] }
    }

    func row(json: String) -> ComputedRow {
        guard let fields = try? JSONText.decode([String?].self, json, "computed row"), fields.count >= 2 else {
            return .failed(reason: "nothing could be computed of it")
        }
        return outcome(isKept: fields[0] == "t", fields[1].flatMap { Int($0) }) {
            CopyText.line(Array(fields[2...])).dropLast()
        }
    }

    private func outcome(isKept: Bool, _ missing: Int?, _ fields: () -> ArraySlice<UInt8>) -> ComputedRow {
        guard isKept else { return .leftOut }
        if let missing, let row = computation.unfound(missing) { return row }
        return .values(fields())
    }
}
