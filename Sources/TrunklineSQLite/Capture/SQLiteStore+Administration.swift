internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func initialise(_ setup: OfficeSetup) async throws(StoreError) -> InitialisationReport {
        let isThere = try location.identity(mayBeMissing: true) != nil
        // Opening it for work changes that.
        let hadRollbackJournal =
            isThere ? try await look { db in try String.fetchOne(db, sql: "PRAGMA journal_mode") != "wal" } : false
        if setup.role == .branch, isThere { try await checkTables(setup) }
        if hadRollbackJournal { await close() }
        var (report, isBranch) = try await write("init", location.path, creating: true) { db in
            try Initialisation(setup: setup, db: db).run()
        }
        if hadRollbackJournal { report.warnings.append(Self.journalWarning) }
        guard isBranch else { return report }
        for (table, rows) in try await loadTables() where report.captured[table] != nil || rows > 0 {
            report.captured[table, default: 0] += rows
        }
        return report
    }

    private static let journalWarning =
        "the database file was in rollback-journal mode and is in WAL mode now, so that readers and writers do not lock each other out: its newest rows may be in the file beside it that ends in -wal; make backups with sqlite3's .backup or VACUUM INTO, not by a copy of the file alone"

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

    /// Before something is said of how far the office is: the triggers as they must be, and tables that cannot be
    /// captured noted as standing still. Where that cannot be written now, the reader of the books sees that it was not.
    func lookAtCapture(for operation: String) async throws(StoreError) {
        let isOutdated = try await read(operation, location.path) { db in
            let office = try Office.read(db, operation: operation)
            return try office.role == .branch && Capture.needsCheck(office, db)
        }
        guard isOutdated else { return }
        do {
            try await write("heal", location.path) { db in
                var capture = Capture(db)
                try capture.heal()
            }
        } catch  where [.contention, .accessRefused, .full].contains(error.code) {}
    }

    /// Loads chunk by chunk, each in a short transaction of its own and with pauses as long as the work, until every
    /// table is loaded. What is logged reaches the disk with the batch that covers it.
    private func loadTables() async throws(StoreError) -> [(table: TableName, rows: Int)] {
        var loaded: [(table: TableName, rows: Int)] = []
        var pace = LoadPace()
        while true {
            let (chunk, duration) = try await write("load", location.path, durably: false) { [pace] db in
                let start = ContinuousClock.now
                return (try TableLoad.step(chunk: pace.rows, db), ContinuousClock.now - start)
            }
            guard let chunk else { return loaded }
            loaded.append(chunk)
            guard chunk.rows >= pace.rows else { continue }
            pace.learn(rows: chunk.rows, took: duration)
            try? await Task.sleep(for: max(duration, .milliseconds(1)))
        }
    }

    /// Names all unfit tables before anything is changed.
    private func checkTables(_ setup: OfficeSetup) async throws(StoreError) {
        try await read("init", location.path) { db in try Initialisation(setup: setup, db: db).checkTables() }
    }
}
