internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func initialise(_ setup: OfficeSetup) async throws(StoreError) -> InitialisationReport {
        if setup.role == .branch, try location.identity(mayBeMissing: true) != nil { try await checkTables(setup) }
        var (report, isBranch) = try await write("init", location.path, creating: true) { db in
            try Initialisation(setup: setup, db: db).run()
        }
        guard isBranch else { return report }
        for (table, rows) in try await loadTables() where report.captured[table] != nil || rows > 0 {
            report.captured[table, default: 0] += rows
        }
        return report
    }

    public func resync(_ table: TableName?) async throws(StoreError) -> Int {
        try await write("resync", table?.description ?? location.path) { db in
            _ = try Office.read(db, operation: "resync")
            let synced = try SyncedTable.all(db).filter { table == nil || $0.name == table }
            if let table, synced.isEmpty {
                throw StoreError(
                    .table, operation: "resync", subject: table.description, reason: "it is not a synced table",
                    hint: "name one of tables")
            }
            for one in synced { try one.startLoad("update", db) }
        }
        return try await loadTables().reduce(0) { $0 + $1.rows }
    }

    /// Makes the log complete: triggers as they must be, and all rows of new tables logged.
    func healCapture() async throws(StoreError) {
        try await write("heal", location.path) { db in
            var capture = Capture(db)
            try capture.heal()
        }
        _ = try await loadTables()
    }

    /// Loads chunk by chunk, each in a transaction of its own, until every table is loaded.
    private func loadTables() async throws(StoreError) -> [(table: TableName, rows: Int)] {
        var loaded: [(table: TableName, rows: Int)] = []
        while let chunk = try await write("load", location.path, { db in try TableLoad.step(db) }) {
            loaded.append(chunk)
        }
        return loaded
    }

    /// Names all unfit tables before anything is changed.
    private func checkTables(_ setup: OfficeSetup) async throws(StoreError) {
        try await read("init", location.path) { db in try Initialisation(setup: setup, db: db).checkTables() }
    }
}
