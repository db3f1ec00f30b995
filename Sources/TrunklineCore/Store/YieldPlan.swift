/// Rows of one synced table of the sender, as a ``YieldPlan`` asks for them.
public protocol YieldingRows {
    /// A key as the office's database writes it.
    associatedtype Key: Hashable
    associatedtype Failure: Error

    /// Those of the keys of which there are rows.
    func existing(_ keys: [RowKey]) throws(Failure) -> Set<Key>
    /// Why rows of this table cannot get new keys; nil: they can.
    func obstacleToNewKeys() throws(Failure) -> String?
    /// Those of the rows whose first change since the last ack is their insert (or their first load).
    func insertedSinceTheLastAck(_ keys: Set<Key>) throws(Failure) -> Set<Key>
    /// The rows of synced tables that refer to these.
    func referring(to keys: Set<Key>) throws(Failure) -> [TableName: Set<Key>]
}

/// Which rows of the sender make way for the receiver's, whose keys it named: rows of the same keys are put aside, with
/// all rows that refer to them, or get new keys where the policy says so.
public struct YieldPlan<Key: Hashable> {
    /// Rows to be put aside because the receiver keeps its rows of their keys.
    public private(set) var named: [TableName: Set<Key>] = [:]
    /// Rows to be put aside because they refer to rows that are.
    public private(set) var referring: [TableName: Set<Key>] = [:]
    /// Rows that get new keys. None of them is referred to, so this takes no other row along.
    public private(set) var renewed: [TableName: Set<Key>] = [:]
    private var obstacles: [TableName: String] = [:]

    /// - Parameters:
    ///   - differing: what a comparison found, by table.
    ///   - newKeys: whether rows that were inserted since the last ack get new keys, where their table allows it.
    ///   - find: the rows of a table; nil when it is not synced or does not exist any more.
    public init<Rows: YieldingRows>(
        _ differing: [TableResult], newKeys: Bool, rows find: (TableName) throws(Rows.Failure) -> Rows?
    ) throws(Rows.Failure) where Rows.Key == Key {
        for table in differing {
            guard let rows = try find(table.name) else { continue }
            let existing = try rows.existing(table.differingKeys.filter { $0.kind != .onlyAtSender }.map(\.key))
            guard !existing.isEmpty else { continue }
            named[table.name] = existing
            guard newKeys else { continue }
            obstacles[table.name] = try rows.obstacleToNewKeys()
            guard obstacles[table.name] == nil else { continue }
            let inserted = try rows.insertedSinceTheLastAck(existing)
            renewed[table.name] = inserted
            named[table.name] = existing.subtracting(inserted)
        }
        try addReferring(find)
        for (name, keys) in referring { renewed[name]?.subtract(keys) }
    }

    /// Adds the rows that refer to the named ones, those that refer to them, and so on.
    private mutating func addReferring<Rows: YieldingRows>(
        _ find: (TableName) throws(Rows.Failure) -> Rows?
    ) throws(Rows.Failure) where Rows.Key == Key {
        var frontier = named
        while !frontier.isEmpty {
            var next: [TableName: Set<Key>] = [:]
            for (parent, keys) in frontier where !keys.isEmpty {
                guard let rows = try find(parent) else { continue }
                for (child, found) in try rows.referring(to: keys) {
                    let more = found.subtracting(named[child] ?? []).subtracting(referring[child] ?? [])
                    guard !more.isEmpty else { continue }
                    referring[child, default: []].formUnion(more)
                    next[child, default: []].formUnion(more)
                }
            }
            frontier = next
        }
    }

    /// All rows to be put aside.
    public var aside: [TableName: Set<Key>] { named.merging(referring) { $0.union($1) }.filter { !$0.value.isEmpty } }

    /// Whether rows are put aside that the receiver did not name: it keeps its rows of their keys only when it is asked
    /// once more.
    public var hasMoreThanNamed: Bool { !referring.isEmpty }

    /// What is done, by table.
    public var tables: [RecoveryReport.Table] {
        let aside = aside
        return Set(aside.keys).union(renewed.keys).sorted().map { name in
            RecoveryReport.Table(
                name: name, putAside: aside[name]?.count ?? 0, newKeys: renewed[name]?.count ?? 0,
                obstacle: obstacles[name])
        }.filter { $0.putAside + $0.newKeys > 0 }
    }
}
