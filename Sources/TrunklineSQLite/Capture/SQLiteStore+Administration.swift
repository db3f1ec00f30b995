internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func initialise(_ setup: OfficeSetup) async throws(StoreError) -> InitialisationReport {
        let isThere = try location.identity(mayBeMissing: true) != nil
        // Opening it for work changes that.
        let hadRollbackJournal =
            isThere ? try await look { db in try String.fetchOne(db, sql: "PRAGMA journal_mode") != "wal" } : false
        if isThere { try await checkTables(setup) }
        if hadRollbackJournal { await close() }
        var report = try await write("init", location.path, creating: true) { db in
            try Initialisation(setup: setup, db: db).run()
        }
        if hadRollbackJournal { report.warnings.append(Self.journalWarning) }
        for (table, rows) in try await countLoads() where report.captured[table] != nil || rows > 0 {
            report.captured[table, default: 0] += rows
        }
        return report
    }

    private static let journalWarning =
        "the database file was in rollback-journal mode and is in WAL mode now, so that readers and writers do not lock each other out: its newest rows may be in the file beside it that ends in -wal; make backups with sqlite3's .backup or VACUUM INTO, not by a copy of the file alone"

    public func resync(_ table: TableName?, to branch: OfficeID?) async throws(StoreError) -> Int {
        try await write("resync", table?.description ?? location.path) { db in
            let office = try Office.read(db, operation: "resync")
            let synced = try SyncedTable.all(db).filter { table == nil || $0.name == table }
            if let table, synced.isEmpty {
                throw StoreError(
                    .table, operation: "resync", subject: "table \"\(table)\"",
                    reason: "it is not a table that this office sends", hint: Self.resyncHint)
            }
            let stream = branch.map { StreamID(from: office.id, to: office.role == .branch ? .head : $0) }
            if let branch, let stream {
                let isHere = office.role == .branch ? branch == office.id : try Outbound.find(stream, db) != nil
                guard isHere else {
                    throw StoreError(
                        .configuration, operation: "resync", subject: "branch \"\(branch)\"",
                        reason: "this office sends nothing to it", hint: "\"trunkline branch list\" names the branches")
                }
            }
            try TableLoad.begin(synced, isNew: false, sweeps: true, for: stream, db)
        }
        return try await countLoads().reduce(0) { $0 + $1.rows }
    }

    /// Makes capture complete: triggers as they must be, and changes that waited for their table logged.
    func healCapture() async throws(StoreError) {
        try await write("heal", location.path) { db in
            var capture = Capture(db)
            try capture.heal()
        }
        try await releaseHeldChanges()
    }

    /// Before something is said of how far the office is: the triggers as they must be, and tables that cannot be
    /// captured noted as standing still. Where that cannot be written now, the reader of the books sees that it was not.
    func lookAtCapture(for operation: String) async throws(StoreError) {
        let isOutdated = try await read(operation, location.path) { db in
            let office = try Office.read(db, operation: operation)
            return try Capture.needsCheck(office, db) && (office.role == .branch || !SyncedTable.all(db).isEmpty)
        }
        guard isOutdated else { return }
        do {
            try await write("heal", location.path) { db in
                var capture = Capture(db)
                try capture.heal()
            }
        } catch  where [.contention, .accessRefused, .full].contains(error.code) {}
    }

    /// Some at a time, each in a short transaction of its own and with pauses as long as the work. What is logged reaches
    /// the disk with the batch that covers it.
    private func releaseHeldChanges() async throws(StoreError) {
        var pace = LoadPace()
        while true {
            let (rows, duration) = try await write("release", location.path, durably: false) { [pace] db in
                let start = ContinuousClock.now
                return (try HeldChanges.release(atMost: pace.rows, db), ContinuousClock.now - start)
            }
            guard rows >= pace.rows else { return }
            pace.learn(rows: rows, took: duration)
            try? await Task.sleep(for: max(duration, .milliseconds(1)))
        }
    }

    /// Counts the rows of loads that began, for people. It takes as long as a look at the tables, and no lock.
    /// - Returns: the rows of each table that are to be loaded, each once where every branch gets it.
    func countLoads() async throws(StoreError) -> [(table: TableName, rows: Int)] {
        let counts = try await read("count", location.path) { db in try LoadCount.all(db) }
        guard !counts.isEmpty else { return [] }
        try await write("count", location.path, durably: false) { db in
            for count in counts { try count.save(db) }
        }
        return counts.map { ($0.table.name, $0.total) }
    }

    /// Names all unfit tables before anything is changed.
    private func checkTables(_ setup: OfficeSetup) async throws(StoreError) {
        try await read("init", location.path) { db in try Initialisation(setup: setup, db: db).checkTables() }
    }
}
