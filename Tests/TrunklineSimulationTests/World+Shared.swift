import Foundation
import TrunklineCore

/// A row that somebody's program changed, in a transaction that was committed.
struct SharedWrite {
    var office: OfficeID
    var table: String
    var key: String
    /// nil: there was no row, or there is none.
    var before: [String?]?
    var after: [String?]?
}

extension World {
    // MARK: Writing

    /// What the offices have before the world begins: sums that nobody loses, and rows that some had before the tables were
    /// shared, alike or not.
    func begin() throws {
        let rows = SharedTables.summed.map { "(\($0), 'a', 'b', \(SharedTables.sum))" }.joined(separator: ", ")
        for office in [head] + branches + latecomers {
            var sql = plan.shared.contains("by_sum") ? "INSERT INTO by_sum VALUES \(rows);" : ""
            if plan.joins {
                for table in plan.shared where table != "by_sum" && chance(0.7) {
                    for key in 1..<4 where chance(0.5) {
                        let values = chance(0.5) ? ["all", "alike"] : [marker(office), marker(office)]
                        sql += "INSERT INTO \(table) VALUES (\(key), '\(values[0])', '\(values[1])', \(key));"
                        ledger.append(
                            SharedWrite(
                                office: office.id, table: table, key: "\(key)", before: nil,
                                after: ["\(key)", values[0], values[1], "\(key)"]))
                    }
                }
            }
            try office.application.run(
                "BEGIN IMMEDIATE; INSERT INTO trunkline_merging VALUES (1); \(sql) DELETE FROM trunkline_merging;")
            log.note("\(office.id) has: \(sql)")
            if office.id != .head {
                try office.application.run(
                    """
                    INSERT INTO trunkline_load (stream, table_id, through_key, is_new, at)
                    SELECT '\(office.stream)', id, '99', 1, '2026-01-01T00:00:00.000Z' FROM trunkline_synced_table
                    WHERE name IN (\(plan.shared.map { "'\($0)'" }.joined(separator: ", ")));
                    """)
            }
            try office.application.run("DELETE FROM trunkline_change; COMMIT")
        }
    }

    /// The application of an office changes rows that others may change at the same time.
    func writeShared(at office: SimulatedOffice) throws {
        let till = office.application
        guard !till.isInTransaction else { return }
        if plan.skews.count > 1, chance(0.05) {
            office.skew = plan.skews[draw(0..<plan.skews.count)]
            log.note("somebody sets the clock of \(office.id): \(office.skew)")
        }
        var writes: [SharedWrite] = []
        do {
            try till.run("BEGIN IMMEDIATE")
            for _ in 0..<draw(1..<4) {
                let table = draw(plan.shared)
                let key = "\(draw(1..<4))"
                let before = try SharedTables.rows(of: table, at: office)[key]
                let sql = sharedStatement(table, key, office)
                try till.run(sql)
                log.note("\(office.id) till: \(sql)")
                let after = try SharedTables.rows(of: table, at: office)[key]
                guard before != after else { continue }
                writes.append(SharedWrite(office: office.id, table: table, key: key, before: before, after: after))
            }
            guard !chance(0.15) else {
                log.note("\(office.id) till: ROLLBACK")
                return try till.run("ROLLBACK")
            }
            try till.run("COMMIT")
            ledger += writes
            wake(office.id)
        } catch let error as PlainConnection.Failure where error.isLocked {
            log.note("\(office.id) till: \(error)")
            if till.isInTransaction { try till.run("ROLLBACK") }
        }
    }

    private func marker(_ office: SimulatedOffice) -> String {
        markers += 1
        return "\(office.id) \(markers)"
    }

    private func sharedStatement(_ table: String, _ key: String, _ office: SimulatedOffice) -> String {
        let (name, note, amount) = (marker(office), marker(office), draw(1..<10))
        guard table != "by_sum" else {
            switch draw(0..<5) {
            case 0: return "UPDATE by_sum SET note = '\(note)' WHERE id = \(key)"
            case 1: return "UPDATE by_sum SET amount = amount + \(amount), name = '\(name)' WHERE id = \(key)"
            case 2: return "REPLACE INTO by_sum SELECT id, name, note, amount - 1 FROM by_sum WHERE id = \(key)"
            default: return "UPDATE by_sum SET amount = amount - \(amount) WHERE id = \(key)"
            }
        }
        switch draw(0..<10) {
        case 0, 1: return "INSERT OR IGNORE INTO \(table) VALUES (\(key), '\(name)', '\(note)', \(amount))"
        case 2: return "REPLACE INTO \(table) VALUES (\(key), '\(name)', '\(note)', \(amount))"
        case 3: return "DELETE FROM \(table) WHERE id = \(key)"
        case 4, 5: return "UPDATE \(table) SET note = '\(note)' WHERE id = \(key)"
        case 6, 7: return "UPDATE \(table) SET name = '\(name)' WHERE id = \(key)"
        default: return "UPDATE \(table) SET name = '\(name)', note = '\(note)' WHERE id = \(key)"
        }
    }

    // MARK: Checks, when all is at rest

    /// All offices have the same rows; what somebody wrote is in them, was written over by somebody who knew it, or is in
    /// a conflict that is kept.
    func checkShared() throws {
        let conflicts = try head.application.rows("SELECT details FROM trunkline_conflict ORDER BY id").map {
            try JSONDecoder().decode(Conflict.self, from: Data($0[0]!.utf8))
        }
        for table in plan.shared {
            let rows = try SharedTables.rows(of: table, at: head)
            for branch in branches {
                let there = try SharedTables.rows(of: table, at: branch)
                guard rows == there else {
                    throw BrokenPromise(
                        "10. It converges", "\(table) has \(rows) at the head, \(there) at \(branch.id)")
                }
            }
            try checkWrites(to: table, rows, conflicts.filter { $0.table.name == table }, try superseded(table))
        }
        try checkDecisions(conflicts)
        for branch in branches {
            let dirty = try branch.application.rows(
                "SELECT table_id, key FROM trunkline_shared_row WHERE is_dirty")
            guard dirty.isEmpty else {
                throw BrokenPromise("10. It converges", "\(branch.id) has changes without an answer: \(dirty)")
            }
        }
    }

    /// The rows that made way to others after a restore, and of which their office kept copies.
    private func superseded(_ table: String) throws -> [[String: String?]] {
        guard plan.restores != .none else { return [] }
        let names = SharedTables.columns.map { "row ->> '\($0)'" }.joined(separator: ", ")
        return try offices.flatMap { office in
            try office.application.rows(
                "SELECT \(names) FROM trunkline_superseded_row WHERE table_name = '\(table)'"
            ).map { values in
                Dictionary(zip(SharedTables.columns, values), uniquingKeysWith: { first, _ in first })
            }
        }
    }

    /// What was written before a database was restored may be gone with it, and is not looked at.
    private func checkWrites(
        to table: String, _ rows: [String: [String?]], _ conflicts: [Conflict], _ superseded: [[String: String?]]
    ) throws {
        // Not of a branch that was never added.
        let known = offices.map(\.id)
        let writes = ledger[forgotten...].filter { $0.table == table && known.contains($0.office) }
        if table == "by_sum", forgotten == 0 {
            for key in SharedTables.summed.map({ "\($0)" }) {
                let differences = writes.filter { $0.key == key }.map { Int($0.after![3]!)! - Int($0.before![3]!)! }
                let wanted = SharedTables.sum + differences.reduce(0, +)
                guard rows[key]?[3] == "\(wanted)" else {
                    throw BrokenPromise(
                        "of exact sums", "by_sum \(key) is \(rows[key]?[3] ?? "gone"), and not \(wanted)")
                }
            }
        }
        for (index, write) in writes.enumerated() {
            let later = writes[(index + 1)...].filter { $0.key == write.key }
            let kept = conflicts.filter { $0.key.values == [write.key] }
            guard let after = write.after else {
                // Who made another row of the key did not know of the one that went.
                let isMadeAnew = ledger.contains {
                    $0.table == table && $0.key == write.key && $0.before == nil && $0.office != write.office
                }
                guard
                    rows[write.key] == nil || isMadeAnew || later.contains(where: { $0.before == nil }) || !kept.isEmpty
                else {
                    throw lost(write, rows[write.key], kept)
                }
                continue
            }
            for column in [1, 2] where write.before?[column] != after[column] {
                let name = SharedTables.columns[column]
                let isThere =
                    rows[write.key]?[column] == after[column]
                    || later.contains { $0.before?[column] == after[column] && $0.after?[column] != after[column] }
                    || kept.contains {
                        $0.branchImage?[name] == .some(after[column]) || $0.headImage?[name] == .some(after[column])
                    }
                    || superseded.contains { $0["id"] == write.key && $0[name] == .some(after[column]) }
                guard isThere else { throw lost(write, rows[write.key], kept) }
            }
        }
    }

    private func lost(_ write: SharedWrite, _ row: [String?]?, _ conflicts: [Conflict]) -> BrokenPromise {
        BrokenPromise(
            "1. Nothing is lost",
            "what \(write.office) made of \(write.table) \(write.key) is neither there nor in a conflict: \(write.after ?? []), but \(row ?? []), \(conflicts)"
        )
    }

    /// Each says of both sides when and where, as far as it can be known; and who won is who had to.
    private func checkDecisions(_ conflicts: [Conflict]) throws {
        for conflict in conflicts where conflict.kind != .join {
            // A head that was restored may know nothing of what it deleted.
            let mayMiss = conflict.kind == .insert || plan.restores == .head
            guard let branch = conflict.branchVersion, conflict.headVersion != nil || mayMiss else {
                throw BrokenPromise("of known conflicts", "a version is missing in \(conflict)")
            }
            guard conflict.table.name == "by_time", let head = conflict.headVersion else { continue }
            guard (conflict.outcome == .branch) == (head < branch && !conflict.clockWasOff) else {
                throw BrokenPromise("of the last writer", "the older one won: \(conflict)")
            }
        }
    }
}
