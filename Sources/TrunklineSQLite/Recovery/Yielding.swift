internal import GRDB
internal import TrunklineCore

/// Makes way for the receiver's rows, whose keys it named: this office's rows of the same keys are put aside, with all
/// rows that refer to them, or get new keys where the policy says so.
struct Yielding {
    private let stream: StreamID
    private let givesNewKeys: Bool
    private let db: Database

    init(_ stream: StreamID, newKeys: Bool, _ db: Database) {
        self.stream = stream
        givesNewKeys = newKeys
        self.db = db
    }

    /// - Returns: what was done by table, and whether rows were put aside that the receiver did not name: it keeps its
    ///   rows of their keys only when it is asked once more.
    func run(_ differing: [TableResult]) throws -> (tables: [RecoveryReport.Table], wasMore: Bool) {
        // Foreign keys are looked at when the transaction ends.
        try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
        var aside: [TableName: Set<String>] = [:]
        var renewed: [TableName: Set<String>] = [:]
        var obstacles: [TableName: String] = [:]
        for table in differing {
            guard let rows = try LocalRows(table.name, db) else { continue }
            if let highest = table.highestKey { try rows.advanceSequence(past: highest) }
            try rows.log(table.differingKeys.filter { $0.kind == .onlyAtSender }.map(\.key))
            let named = try rows.existing(table.differingKeys.filter { $0.kind != .onlyAtSender }.map(\.key))
            aside[table.name] = named
            guard givesNewKeys, !named.isEmpty else { continue }
            obstacles[table.name] = try rows.obstacleToNewKeys()
            guard obstacles[table.name] == nil else { continue }
            renewed[table.name] = try rows.insertedSinceTheLastAck(named)
            aside[table.name]!.subtract(renewed[table.name]!)
        }
        let named = aside
        try addReferring(to: &aside)
        for (name, keys) in aside { renewed[name]?.subtract(keys) }
        try putAside(aside, named)
        for (name, keys) in renewed {
            let highest = differing.first { $0.name == name }?.highestKey
            try LocalRows(name, db)?.renew(keys, stream, above: highest ?? 0)
        }
        let tables = Set(aside.keys).union(renewed.keys).sorted().map { name in
            RecoveryReport.Table(
                name: name, putAside: aside[name]?.count ?? 0, newKeys: renewed[name]?.count ?? 0,
                obstacle: obstacles[name])
        }
        return (
            tables.filter { $0.putAside + $0.newKeys > 0 },
            aside.contains { !$0.value.isSubset(of: named[$0.key] ?? []) }
        )
    }

    /// Adds the rows that refer to these, and so on.
    private func addReferring(to rows: inout [TableName: Set<String>]) throws {
        let tables = try SyncedTable.all(db).compactMap { try LocalRows($0.name, db) }
        var frontier = rows
        while !frontier.isEmpty {
            var next: [TableName: Set<String>] = [:]
            for (parent, keys) in frontier where !keys.isEmpty {
                guard let local = tables.first(where: { $0.name == parent }) else { continue }
                for child in tables {
                    let more = try local.referring(to: keys, in: child).subtracting(rows[child.name] ?? [])
                    guard !more.isEmpty else { continue }
                    rows[child.name, default: []].formUnion(more)
                    next[child.name, default: []].formUnion(more)
                }
            }
            frontier = next
        }
    }

    /// Moves the rows into `trunkline_superseded_row`: all are kept before the first is gone, since a delete may take
    /// others with it. The log forgets them, so that no delete of them travels.
    private func putAside(_ rows: [TableName: Set<String>], _ named: [TableName: Set<String>]) throws {
        var tables: [TableName: LocalRows] = [:]
        for (name, keys) in rows where !keys.isEmpty {
            guard let local = try LocalRows(name, db) else { continue }
            tables[name] = local
            let known = named[name] ?? []
            try local.keep(keys.intersection(known), stream, reason: RecoveryReason.headKept)
            try local.keep(keys.subtracting(known), stream, reason: RecoveryReason.parentYielded)
        }
        let parents = tables.mapValues { table in
            Set(tables.values.filter { table.refers(to: $0) && $0.name != table.name }.map(\.name))
        }
        for name in ForeignKeyOrder.sort(Array(tables.keys), parents: parents).reversed() {
            try tables[name]!.remove(rows[name]!)
        }
        for (name, table) in tables { try table.forget(rows[name]!) }
    }
}
