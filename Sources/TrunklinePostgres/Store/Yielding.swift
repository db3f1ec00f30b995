import TrunklineCore

/// Makes way for the receiver's rows, whose keys it named: this office's rows of the same keys are put aside, with all
/// rows that refer to them, or get new keys where the policy says so.
struct Yielding {
    private let stream: StreamID
    private let givesNewKeys: Bool
    private let connection: PostgresConnection

    init(_ stream: StreamID, newKeys: Bool, _ connection: PostgresConnection) {
        self.stream = stream
        givesNewKeys = newKeys
        self.connection = connection
    }

    /// - Returns: what was done by table, and whether rows were put aside that the receiver did not name: it keeps its
    ///   rows of their keys only when it is asked once more.
    func run(_ differing: [TableResult]) throws(StoreError) -> (tables: [RecoveryReport.Table], wasMore: Bool) {
        var aside: [TableName: Set<RowKey>] = [:]
        var renewed: [TableName: Set<RowKey>] = [:]
        var obstacles: [TableName: String] = [:]
        for table in differing {
            guard let rows = try LocalRows(table.name, connection) else { continue }
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
        for (name, keys) in renewed { try LocalRows(name, connection)?.renew(keys, stream) }
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
    private func addReferring(to rows: inout [TableName: Set<RowKey>]) throws(StoreError) {
        var frontier = rows
        while !frontier.isEmpty {
            var next: [TableName: Set<RowKey>] = [:]
            for (parent, keys) in frontier where !keys.isEmpty {
                guard let local = try LocalRows(parent, connection) else { continue }
                for (child, found) in try local.referring(to: keys) {
                    let more = found.subtracting(rows[child] ?? [])
                    guard !more.isEmpty else { continue }
                    rows[child, default: []].formUnion(more)
                    next[child, default: []].formUnion(more)
                }
            }
            frontier = next
        }
    }

    /// Moves the rows into `superseded_row`, all in one statement: foreign keys are looked at when it ends. The log
    /// forgets them, so that no delete of them travels.
    private func putAside(_ rows: [TableName: Set<RowKey>], _ named: [TableName: Set<RowKey>]) throws(StoreError) {
        var moves: [String] = []
        var forgets: [String] = []
        for (name, keys) in rows.sorted(by: { $0.key < $1.key }) where !keys.isEmpty {
            guard let local = try LocalRows(name, connection) else { continue }
            let known = named[name] ?? []
            for (keys, reason) in [
                (keys.intersection(known), RecoveryReason.headKept),
                (keys.subtracting(known), RecoveryReason.parentYielded),
            ] where !keys.isEmpty {
                moves.append(local.moving(keys, stream, reason: reason, as: "moved\(moves.count)"))
            }
            forgets.append(local.forgetting(keys))
        }
        guard !moves.isEmpty else { return }
        try connection.run("WITH \(moves.joined(separator: ", ")) SELECT", [], "put rows aside")
        for forget in forgets { try connection.run(forget, [], "put rows aside") }
    }
}
