internal import GRDB
internal import TrunklineCore

/// What `trunkline init` does in one transaction: bookkeeping, triggers, the stream to the head.
struct Initialisation {
    let setup: OfficeSetup
    let db: Database

    func run() throws -> InitialisationReport {
        try checkEncoding()
        try checkTables()
        let created = try Bookkeeping.migrate(db, for: setup)
        try checkOwner()
        var report = InitialisationReport(
            created: created, captured: [:], released: [], warnings: try checkMappings())
        try Office.save(setup, db)
        try startStreams()
        let warnings = try Joins.forgetUnshared(by: setup, db)
        try capture(&report)
        report.warnings += warnings
        // What this office takes may be another now.
        try SetAsideRows.tryWholeTables(db)
        return report
    }

    /// - Throws: ``StoreError`` `.table` that names every unfit table.
    func checkTables() throws {
        var problems: [String] = []
        var seen: Set<String> = []
        for rule in setup.tables where setup.role == .branch || rule.direction.isWritten(by: .head) {
            let name = rule.name.inSQLite
            let folded = name.lowercased()
            if folded.hasPrefix("trunkline_") || folded.hasPrefix("sqlite_") {
                problems.append("\"\(name)\" is not a table of yours; leave it out of tables")
            } else if !seen.insert(folded).inserted {
                problems.append("table \"\(name)\" is named twice; SQLite does not tell upper from lower case")
            } else if let problem = try problem(of: rule) {
                problems.append(problem)
            }
        }
        guard problems.isEmpty else {
            throw StoreError(
                .table, operation: "init", subject: "tables", reason: problems.joined(separator: "; "))
        }
    }

    /// - Returns: what only keeps rows of some senders waiting.
    /// - Throws: ``StoreError`` `.table` with all that is wrong.
    private func checkMappings() throws -> [String] {
        let problems = try Initialisation.problems(of: setup.mapped, db)
        guard !problems.refusals.isEmpty else { return problems.warnings }
        throw StoreError(
            .table, operation: "init", subject: "tables", reason: problems.refusals.joined(separator: "; "))
    }

    static func problems(
        of rules: [MappedTableRule], _ db: Database
    ) throws -> (refusals: [String], warnings: [String]) {
        guard !rules.isEmpty else { return ([], []) }
        let streams =
            try db.tableExists("trunkline_inbound")
            ? String.fetchAll(db, sql: "SELECT stream FROM trunkline_inbound ORDER BY stream") : []
        return try ReceiverEngine(SQLiteReceiving(db)).problems(of: rules, in: streams.compactMap { StreamID($0) })
    }

    private func problem(of rule: TableRule) throws -> String? {
        let name = (rule.direction.isWritten(by: setup.role) ? rule.name : rule.target).inSQLite
        let kind = try TableKind.find(name, in: db)
        guard rule.direction.isWritten(by: setup.role) else {
            // One that is missing is made.
            if case .notATable = kind { return kind.unfitness(of: name) }
            return nil
        }
        if let problem = kind.unfitness(of: name) { return problem }
        if let problem = try SyncedTable.misspelling(of: rule.name, kind, db) { return problem }
        if let shape = kind.shape, let problem = rule.problem(of: shape.wireColumns, key: shape.key) { return problem }
        let table = SyncedTable(
            id: 0, name: rule.name, keyColumns: [], route: rule.keptRoute(at: setup.role),
            filter: rule.keptFilter(at: setup.role))
        return try Capture(db).obstacle(to: table)
    }

    /// A branch has one stream, to the head. The head has one to each of its branches as soon as it writes a table.
    private func startStreams() throws {
        switch setup.role {
        case .branch: try Outbound.start(StreamID(from: setup.office, to: .head), db)
        case .head:
            guard !setup.captured.isEmpty else { return }
            let synced = try SyncedTable.all(db)
            for id in try String.fetchAll(db, sql: "SELECT id FROM trunkline_branch ORDER BY id") {
                guard let branch = OfficeID(id) else { continue }
                let stream = StreamID(from: .head, to: branch)
                if try Outbound.start(stream, db) {
                    try TableLoad.begin(synced.filter { $0.conflict == nil }, isNew: true, for: stream, db)
                }
            }
        }
    }

    private func capture(_ report: inout InitialisationReport) throws {
        var capture = Capture(db)
        let synced = try SyncedTable.all(db)
        let rules = setup.captured
        for table in synced where !rules.contains(where: { $0.name == table.name }) {
            try capture.end(table)
            report.released.append(table.name)
        }
        var begun: [TableName] = []
        for rule in rules {
            if let table = synced.first(where: { $0.name == rule.name }) {
                if try capture.change(table, to: rule) { report.warnings.append(rule.changeWarning) }
            } else {
                try capture.begin(rule)
                begun.append(rule.name)
                report.captured[rule.name] = 0
            }
        }
        try capture.heal()
        let tables = try SyncedTable.all(db)
        // At the head the branches say when they have joined a shared table.
        let loaded = tables.filter { begun.contains($0.name) && ($0.conflict == nil || setup.role == .branch) }
        try TableLoad.begin(loaded, isNew: true, db)
        let inexact = try rules.flatMap { try inexactSums(of: $0) }
        report.warnings = Set(report.warnings + capture.warnings + tables.compactMap(\.incomplete) + inexact).sorted()
    }

    /// What is written as a decimal SQLite may keep as a float, so that what programs add to it is not exact.
    private func inexactSums(of rule: TableRule) throws -> [String] {
        guard let shape = try TableKind.find(rule.name.inSQLite, in: db).shape else { return [] }
        return (rule.conflict?.columns?.added ?? []).compactMap { name in
            guard let declared = shape.declaredType(of: name), DeclaredType(declared).affinity == .numeric else {
                return nil
            }
            return
                "table \"\(rule.name)\": delta: \(name) is \(declared), in which SQLite keeps fractions as floats: a sum that a program makes of them may be none of the type, and is set aside; declare it INTEGER, or \(DeclaredType.declaration(for: DeclaredType(declared).wireType))"
        }
    }

    private func checkOwner() throws {
        let office = try Office.read(db, operation: "init")
        guard office.id == setup.office, office.role == setup.role else {
            throw StoreError(
                .configuration, operation: "init", subject: "office.id",
                reason:
                    "this database is that of the \(office.role) \(office.id), not of the \(setup.role) \(setup.office)",
                hint: "correct office.id, office.role or database.url")
        }
    }

    private func checkEncoding() throws {
        let encoding = try String.fetchOne(db, sql: "PRAGMA encoding")
        guard encoding == "UTF-8" else {
            throw StoreError(
                .configuration, operation: "init", subject: "database.url",
                reason: "the database's encoding is \(encoding ?? "unknown"), not UTF-8",
                hint: "dump it and load it into a new file")
        }
    }
}
