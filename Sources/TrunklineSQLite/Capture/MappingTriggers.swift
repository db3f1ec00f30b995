internal import TrunklineCore

/// The triggers on a table that maps a column of a synced table to branches: when a mapping comes, changes or goes, all
/// rows of the synced table that it concerns are logged for the branch that it names.
struct MappingTriggers {
    let table: SyncedTable
    let shape: TableShape
    let mapping: TableShape
    /// Of the synced table.
    let column: String
    /// Of the mapping.
    let from: String
    let to: String
    let includesExpressions: Bool

    private static let row = TableName.quoted("trunkline_row")
    private static let evicted = TableName.quoted("trunkline_evicted")

    var statements: [(String, CaptureTriggers.Trigger)] {
        let isChanged = [from, to].map(TableName.quoted).map { "(OLD.\($0) COLLATE BINARY) IS NOT NEW.\($0)" }
            .joined(separator: " OR ")
        return [
            trigger("map_insert", "AFTER INSERT", [log("NEW")]),
            trigger("map_update", "AFTER UPDATE", when: isChanged, [log("OLD"), log("NEW")]),
            trigger("map_delete", "AFTER DELETE", [log("OLD")]),
            trigger("map_evicted_by_insert", "BEFORE INSERT", evictions(onUpdate: false)),
            trigger("map_evicted_by_update", "BEFORE UPDATE", evictions(onUpdate: true)),
        ].compactMap { $0 }
    }

    private func trigger(
        _ suffix: String, _ event: String, when condition: String? = nil, _ body: [String]
    ) -> (String, CaptureTriggers.Trigger)? {
        guard !body.isEmpty else { return nil }
        let name = CaptureTriggers.prefix(of: table.id) + suffix
        let sql = """
            CREATE TRIGGER \(TableName.quoted(name)) \(event) ON \(TableName.quoted(mapping.name)) \
            \(condition.map { "WHEN \($0) " } ?? "")BEGIN
            \(body.joined(separator: "\n"))
            END
            """
        return (name, CaptureTriggers.Trigger(table: mapping.name, sql: sql))
    }

    private func log(_ entry: String) -> String {
        LogStatement(table: table).routed(
            """
            SELECT \(key) AS k, \(LogStatement.office(entry, to)) AS office \
            FROM \(TableName.quoted(shape.name)) AS \(Self.row) \
            WHERE \(entry).\(TableName.quoted(from)) = \(Self.row).\(TableName.quoted(column))
            """, "update")
    }

    private func evictions(onUpdate: Bool) -> [String] {
        let unique = UniqueCollisions(shape: mapping, alias: Self.evicted, includesExpressions: includesExpressions)
        let collisions =
            unique.ofIndexes(onUpdate: onUpdate)
            + [unique.ofKey(onUpdate: onUpdate), unique.ofRowid(onUpdate: onUpdate)].compactMap { $0 }
        return collisions.map { collision in
            LogStatement(table: table).routed(
                """
                SELECT \(key) AS k, \(LogStatement.office(Self.evicted, to)) AS office \
                FROM \(TableName.quoted(mapping.name)) AS \(Self.evicted) \
                JOIN \(TableName.quoted(shape.name)) AS \(Self.row) \
                ON \(Self.evicted).\(TableName.quoted(from)) = \(Self.row).\(TableName.quoted(column)) \
                WHERE \(collision)
                """, "update")
        }
    }

    private var key: String { KeyText.expression(of: shape, row: Self.row) }
}
