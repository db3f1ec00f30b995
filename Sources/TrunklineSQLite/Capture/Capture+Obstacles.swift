internal import GRDB
internal import TrunklineCore

extension Capture {
    /// Why a table cannot be kept in step just now, with the way out; nil when it can.
    func obstacle(to table: SyncedTable) throws -> String? {
        let remedy = "take it out of tables, and run trunkline init"
        switch try TableKind.find(table.name.inSQLite, in: db) {
        case .table:
            if case .mapping(_, let through, _, _) = table.route, try Capture.mapping(of: table, db) == nil {
                return
                    "table \"\(table.name)\": there is no table \"\(through)\", which maps its rows to branches; create it, or correct the route under tables and run trunkline init"
            }
            return RowScope(table: table).obstacle(db)
        case .withoutKey: return "table \"\(table.name)\" has no primary key any more; give it one, or \(remedy)"
        case .unnameable(let bad):
            return
                "table \"\(table.name)\" has the name \"\(bad)\", which is empty or over 255 bytes; rename it, or \(remedy)"
        case .notATable(let type): return "\"\(table.name)\" is a \(type) now; make it a table, or \(remedy)"
        case .missing:
            // SQLite lets triggers follow a table that is renamed.
            let own = Set(["insert", "update", "delete"].map { CaptureTriggers.prefix(of: table.id) + $0 })
            let others = Set(try triggers(of: table).filter { own.contains($0.name) }.map(\.table)).sorted()
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
        let isOutdated = try needsCheck(office, db)
        let capture = Capture(db)
        return try SyncedTable.all(db).compactMap { table in
            let reason = isOutdated ? try capture.presentObstacle(to: table) : table.standstill
            return reason.map { StandingTable(table: table.name, reason: $0) }
        }
    }

    private func presentObstacle(to table: SyncedTable) throws -> String? {
        if let reason = try obstacle(to: table) { return reason }
        let shapes = [
            try TableKind.find(table.name.inSQLite, in: db).shape, try Capture.mapping(of: table, db),
        ].compactMap { $0?.name }
        let found = Set(try triggers(of: table).filter { shapes.contains($0.table) }.map(\.name))
        guard !found.isSuperset(of: CaptureTriggers.watching(table)) || table.incomplete != nil else { return nil }
        return
            "table \"\(table.name)\" has no triggers of trunkline's just now, so changes of it may have been missed; run trunkline init, or let the services run, with the right to write to the database"
    }
}
