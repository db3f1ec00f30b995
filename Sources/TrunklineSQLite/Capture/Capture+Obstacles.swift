internal import GRDB
internal import TrunklineCore

extension Capture {
    /// Why a table cannot be kept in step just now, with the way out; nil when it can.
    func obstacle(to table: SyncedTable) throws -> String? {
        let remedy = "take it out of tables, and run trunkline init"
        switch try TableKind.find(table.name.inSQLite, in: db) {
        case .table: return nil
        case .withoutKey: return "table \"\(table.name)\" has no primary key any more; give it one, or \(remedy)"
        case .unnameable(let bad):
            return
                "table \"\(table.name)\" has the name \"\(bad)\", which is empty or over 255 bytes; rename it, or \(remedy)"
        case .notATable(let type): return "\"\(table.name)\" is a \(type) now; make it a table, or \(remedy)"
        case .missing:
            // SQLite lets triggers follow a table that is renamed.
            let others = Set(try triggers(of: table).map(\.table)).sorted()
            guard let other = others.first else {
                return "there is no table \"\(table.name)\" any more; create it again, or \(remedy)"
            }
            return
                "table \"\(table.name)\" was renamed to \"\(other)\"; rename it back, or put \"\(other)\" in its place in tables and run trunkline init"
        }
    }

    /// The synced tables that stand still.
    ///
    /// When the schema changed since the triggers were last seen to, because they could not be written since then, the
    /// tables are looked at as they are now.
    static func standingTables(_ db: Database) throws -> [StandingTable] {
        let office = try Office.read(db, operation: "status")
        guard office.role == .branch else { return [] }
        let isOutdated = try needsCheck(office, db)
        let capture = Capture(db)
        return try SyncedTable.all(db).compactMap { table in
            let reason = isOutdated ? try capture.presentObstacle(to: table) : table.incomplete
            return reason.map { StandingTable(table: table.name, reason: $0) }
        }
    }

    private func presentObstacle(to table: SyncedTable) throws -> String? {
        if let reason = try obstacle(to: table) { return reason }
        let shape = try TableKind.find(table.name.inSQLite, in: db).shape
        let found = Set(try triggers(of: table).filter { $0.table == shape?.name }.map(\.name))
        let wanted = ["insert", "update", "delete"].map { CaptureTriggers.prefix(of: table.id) + $0 }
        guard !found.isSuperset(of: wanted) || table.incomplete != nil else { return nil }
        return
            "table \"\(table.name)\" has no triggers of trunkline's just now, so changes of it may have been missed; run trunkline init, or let the branch's services run, with the right to write to the database"
    }
}
