internal import GRDB
internal import TrunklineCore

/// Makes way for the receiver's rows, whose keys it named.
struct Yielding {
    private let stream: StreamID
    private let givesNewKeys: Bool
    private let db: Database

    init(_ stream: StreamID, newKeys: Bool, _ db: Database) {
        self.stream = stream
        givesNewKeys = newKeys
        self.db = db
    }

    /// - Returns: what was done.
    func run(_ differing: [TableResult]) throws -> YieldPlan<String> {
        // Foreign keys are looked at when the transaction ends.
        try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
        // Rows of shared tables are brought together by their versions.
        let differing = try differing.filter { try rows(of: $0.name)?.isShared != true }
        for table in differing {
            guard let rows = try rows(of: table.name) else { continue }
            if let highest = table.highestKey { try rows.advanceSequence(past: highest) }
            try rows.log(table.differingKeys.filter { $0.kind == .onlyAtSender }.map(\.key))
        }
        let plan = try YieldPlan(differing, newKeys: givesNewKeys, rows: rows)
        try putAside(plan)
        for (name, keys) in plan.renewed {
            let highest = differing.first { $0.name == name }?.highestKey
            try rows(of: name)?.renew(keys, stream, above: highest ?? 0)
        }
        return plan
    }

    private func rows(of table: TableName) throws -> LocalRows? { try LocalRows(table, for: stream, db) }

    /// Moves the rows into `trunkline_superseded_row`: all are kept before the first is gone, since a delete may take
    /// others with it. The log forgets them, so that no delete of them travels.
    private func putAside(_ plan: YieldPlan<String>) throws {
        for (name, keys) in plan.named {
            try rows(of: name)?.keep(keys, stream, reason: RecoveryReason.receiverWon(in: stream))
        }
        for (name, keys) in plan.referring {
            try rows(of: name)?.keep(keys, stream, reason: RecoveryReason.parentYielded(in: stream))
        }
        let aside = plan.aside
        var tables: [TableName: LocalRows] = [:]
        for name in aside.keys { tables[name] = try rows(of: name) }
        let parents = tables.mapValues { table in
            Set(tables.values.filter { table.refers(to: $0) && $0.name != table.name }.map(\.name))
        }
        for name in ForeignKeyOrder.sort(Array(tables.keys), parents: parents).reversed() {
            try tables[name]!.remove(aside[name]!)
        }
        for (name, table) in tables { try table.forget(aside[name]!) }
    }
}
