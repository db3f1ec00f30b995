internal import GRDB
internal import TrunklineCore

/// What `trunkline init` does in one transaction: bookkeeping, triggers, the stream to the head.
struct Initialisation {
    let setup: OfficeSetup
    let db: Database

    /// - Returns: what was done, and whether tables may have to be loaded.
    func run() throws -> (InitialisationReport, isBranch: Bool) {
        try checkEncoding()
        if setup.role == .branch { try checkTables() }
        let created = try Bookkeeping.migrate(db, for: setup)
        try checkOwner()
        var report = InitialisationReport(created: created, captured: [:], released: [], warnings: [])
        switch setup.role {
        case .head: try Office.save(acceptedTables: setup.tables, db)
        case .branch: try capture(&report)
        }
        return (report, setup.role == .branch)
    }

    /// - Throws: ``StoreError`` `.table` that names every unfit table.
    func checkTables() throws {
        var problems: [String] = []
        var seen: Set<String> = []
        for table in setup.tables {
            let name = table.inSQLite
            let folded = name.lowercased()
            if folded.hasPrefix("trunkline_") || folded.hasPrefix("sqlite_") {
                problems.append("\"\(name)\" is not a table of yours; leave it out of tables")
            } else if !seen.insert(folded).inserted {
                problems.append("table \"\(name)\" is named twice; SQLite does not tell upper from lower case")
            } else if let problem = try TableKind.find(name, in: db).unfitness(of: name) {
                problems.append(problem)
            } else if let problem = try SyncedTable.misspelling(of: table, TableKind.find(name, in: db), db) {
                problems.append(problem)
            }
        }
        guard problems.isEmpty else {
            throw StoreError(
                .table, operation: "init", subject: "tables", reason: problems.joined(separator: "; "))
        }
    }

    private func capture(_ report: inout InitialisationReport) throws {
        try Outbound.start(StreamID(from: setup.office, to: .head), db)
        var capture = Capture(db)
        let synced = try SyncedTable.all(db)
        for table in synced where !setup.tables.contains(table.name) {
            try capture.end(table)
            report.released.append(table.name)
        }
        for name in setup.tables where !synced.contains(where: { $0.name == name }) {
            try capture.begin(name)
            report.captured[name] = 0
        }
        try capture.heal()
        let incomplete = try SyncedTable.all(db).compactMap(\.incomplete)
        report.warnings = Array(Set(capture.warnings + incomplete)).sorted()
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
