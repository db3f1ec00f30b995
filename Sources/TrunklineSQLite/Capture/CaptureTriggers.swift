internal import TrunklineCore

/// The triggers that log the changed keys of one table.
///
/// They run in the application's process, on whatever SQLite it has, so they use core SQL only.
/// They never touch the application's tables and read only the one they stand on, and the table that maps its rows to
/// branches. A key that has an unbatched change is not logged again: a row that changes a thousand times while nothing is
/// sent costs one line of the log. This holds because the image is read after the batch was formed.
///
/// `REPLACE` that evicts another row fires no delete trigger (`recursive_triggers` is off by
/// default), so before an insert or update the rows that collide with the new one in a unique index
/// are logged as well. To log a key too many costs a look at its row, nothing else.
struct CaptureTriggers {
    /// A statement, and the table that it stands on.
    struct Trigger: Hashable {
        var table: String
        var sql: String
    }

    let table: SyncedTable
    let shape: TableShape
    let office: OfficeID
    /// The table that maps rows to branches, where the route has one that is there.
    var mapping: TableShape?
    /// Whether unique indexes with expressions and predicates are regarded.
    var includesExpressions = true

    /// Whether rows of one table are for different branches.
    private var isRouted: Bool { table.route.map { $0 != .all } ?? false }

    private static let alias = TableName.quoted("trunkline_row")

    static func prefix(of id: Int64) -> String { "trunkline_\(id)_" }

    /// Those without which a change of the table, or of its mapping, may be missed.
    static func watching(_ table: SyncedTable) -> [String] {
        var names = ["insert", "update", "delete"]
        if case .mapping = table.route { names += names.map { "map_\($0)" } }
        return names.map { prefix(of: table.id) + $0 }
    }

    /// The `CREATE TRIGGER` statements by the triggers' names.
    var statements: [String: Trigger] {
        let log = LogStatement(table: table)
        let new = KeyText.expression(of: shape, row: "NEW")
        let old = KeyText.expression(of: shape, row: "OLD")
        // Who had the row, and who has it now, are told alike: each looks at whether it is for him.
        let updates =
            isRouted
            ? [log.row("NEW", new, "update"), log.row("OLD", old, "update")]
            : [log.row("NEW", new, "update"), log.row("OLD", old, "delete", when: "\(old) <> \(new)")]
        let versions = versions
        var triggers = [
            trigger(
                "insert", "AFTER INSERT",
                [log.row("NEW", new, "insert")]
                    + (versions.map { $0.inserted(key: new) + $0.evicted(besides: [new]) } ?? [])),
            trigger(
                "update", "AFTER UPDATE",
                updates
                    + (versions.map {
                        $0.updated(from: old, to: new) + $0.evicted(besides: [new, old])
                    } ?? [])),
            trigger(
                "delete", "AFTER DELETE",
                [log.row("OLD", old, "delete")]
                    + (versions.map { $0.row(key: old, isDelete: true, wasAbsent: "0", image: $0.image("OLD")) } ?? [])),
        ]
        let onInsert = evictions(onUpdate: false)
        if !onInsert.isEmpty { triggers.append(trigger("evicted_by_insert", "BEFORE INSERT", onInsert)) }
        let onUpdate = evictions(onUpdate: true)
        if !onUpdate.isEmpty { triggers.append(trigger("evicted_by_update", "BEFORE UPDATE", onUpdate)) }
        if let mapping, case .mapping(let column, _, let from, let to) = table.route {
            let watch = MappingTriggers(
                table: table, shape: shape, mapping: mapping, column: column, from: from, to: to,
                includesExpressions: includesExpressions)
            triggers += watch.statements
        }
        return Dictionary(uniqueKeysWithValues: triggers)
    }

    /// nil of a table that is not shared.
    private var versions: VersionStatement? {
        table.conflict == nil ? nil : VersionStatement(table: table, shape: shape, office: office)
    }

    private func trigger(_ suffix: String, _ event: String, _ body: [String]) -> (String, Trigger) {
        let name = CaptureTriggers.prefix(of: table.id) + suffix
        // What a branch stores of a shared table came from the head; at the head it is news for the other branches.
        let condition =
            table.conflict != nil && office != .head ? " WHEN \(VersionStatement.isOwnChange)" : ""
        let sql = """
            CREATE TRIGGER \(TableName.quoted(name)) \(event) ON \(TableName.quoted(shape.name))\(condition) BEGIN
            \(body.joined(separator: "\n"))
            END
            """
        return (name, Trigger(table: shape.name, sql: sql))
    }

    private func evictions(onUpdate: Bool) -> [String] {
        let unique = UniqueCollisions(
            shape: shape, alias: CaptureTriggers.alias, includesExpressions: includesExpressions)
        var collisions = unique.ofIndexes(onUpdate: onUpdate)
        // A key whose index is not BINARY takes two different keys for the same. And who had the row under the same key may
        // be another than who gets the new one.
        if isRouted || table.conflict != nil || shape.keyCollations.contains(where: { $0.uppercased() != "BINARY" }),
            let key = unique.ofKey(onUpdate: onUpdate)
        {
            collisions.append(key)
        }
        if let rowid = unique.ofRowid(onUpdate: onUpdate) { collisions.append(rowid) }
        let key = KeyText.expression(of: shape, row: CaptureTriggers.alias)
        let itself = onUpdate ? " AND \(key) <> \(KeyText.expression(of: shape, row: "OLD"))" : ""
        let log = LogStatement(table: table)
        let versions = versions
        guard !collisions.isEmpty else { return [] }
        return (versions.map { [$0.forgetEvicted] } ?? [])
            + collisions.flatMap { collision in
                let condition = "\(collision)\(itself)"
                return [
                    log.rows(
                        of: "\(TableName.quoted(shape.name)) AS \(CaptureTriggers.alias)", row: CaptureTriggers.alias,
                        key: key,
                        where: condition, operation: "delete")
                ]
                    + (versions.map { [$0.noteEvicted(as: CaptureTriggers.alias, where: condition)] } ?? [])
            }
    }
}
