internal import TrunklineCore

/// The triggers that log the changed keys of one table.
///
/// They run in the application's process, on whatever SQLite it has, so they use core SQL only.
/// They never touch the application's tables and read only the one they stand on. A key that has
/// an unbatched change is not logged again: a row that changes a thousand times while nothing is sent
/// costs one line of the log. This holds because the image is read after the batch was formed.
///
/// `REPLACE` that evicts another row fires no delete trigger (`recursive_triggers` is off by
/// default), so before an insert or update the rows that collide with the new one in a unique index
/// are logged as well. To log a key too many costs a look at its row, nothing else.
struct CaptureTriggers {
    let table: SyncedTable
    let shape: TableShape
    /// Whether unique indexes with expressions and predicates are regarded.
    var includesExpressions = true

    private static let alias = TableName.quoted("trunkline_row")

    static func prefix(of id: Int64) -> String { "trunkline_\(id)_" }

    /// The `CREATE TRIGGER` statements by the triggers' names.
    var statements: [String: String] {
        let new = KeyText.expression(of: shape, row: "NEW")
        let old = KeyText.expression(of: shape, row: "OLD")
        var triggers = [
            trigger("insert", "AFTER INSERT", [log(new, "insert")]),
            trigger("update", "AFTER UPDATE", [log(new, "update"), log(old, "delete", when: "\(old) <> \(new)")]),
            trigger("delete", "AFTER DELETE", [log(old, "delete")]),
        ]
        let onInsert = evictions(onUpdate: false)
        if !onInsert.isEmpty { triggers.append(trigger("evicted_by_insert", "BEFORE INSERT", onInsert)) }
        let onUpdate = evictions(onUpdate: true)
        if !onUpdate.isEmpty { triggers.append(trigger("evicted_by_update", "BEFORE UPDATE", onUpdate)) }
        return Dictionary(uniqueKeysWithValues: triggers)
    }

    private func trigger(_ suffix: String, _ event: String, _ body: [String]) -> (String, String) {
        let name = CaptureTriggers.prefix(of: table.id) + suffix
        let sql = """
            CREATE TRIGGER \(TableName.quoted(name)) \(event) ON \(TableName.quoted(shape.name)) BEGIN
            \(body.joined(separator: "\n"))
            END
            """
        return (name, sql)
    }

    private func log(_ key: String, _ operation: String, when condition: String? = nil) -> String {
        """
        INSERT INTO trunkline_change (table_id, key, op, at)
        SELECT \(table.id), \(key), '\(operation)', \(Timestamp.now)
        WHERE \(condition.map { "\($0) AND " } ?? "")\(CaptureTriggers.isUnlogged(key, table.id));
        """
    }

    /// Whether a key has no change yet that belongs to no batch.
    static func isUnlogged(_ key: String, _ table: Int64) -> String {
        """
        NOT EXISTS (SELECT 1 FROM trunkline_change WHERE table_id = \(table) AND key = \(key) \
        AND seq > (SELECT max(cursor) FROM trunkline_outbound))
        """
    }

    private func evictions(onUpdate: Bool) -> [String] {
        var collisions: [String] = []
        for index in shape.uniqueIndexes {
            if let collision = collision(index, onUpdate: onUpdate) { collisions.append(collision) }
        }
        // A key whose index is not BINARY takes two different keys for the same.
        if shape.keyCollations.contains(where: { $0.uppercased() != "BINARY" }) {
            let terms = zip(shape.key, shape.keyCollations).map {
                TableShape.UniqueIndex.Term(value: .column($0), collation: $1)
            }
            let key = TableShape.UniqueIndex(name: "", terms: terms, predicate: nil)
            if let collision = collision(key, onUpdate: onUpdate) { collisions.append(collision) }
        }
        if !shape.hasIntegerKey, let rowid = shape.rowidName {
            let change = onUpdate ? "OLD.\(rowid) <> NEW.\(rowid) AND " : ""
            collisions.append("\(change)\(CaptureTriggers.alias).\(rowid) = NEW.\(rowid)")
        }
        let key = KeyText.expression(of: shape, row: CaptureTriggers.alias)
        let itself = onUpdate ? " AND \(key) <> \(KeyText.expression(of: shape, row: "OLD"))" : ""
        return collisions.map { collision in
            """
            INSERT INTO trunkline_change (table_id, key, op, at)
            SELECT \(table.id), evicted, 'delete', \(Timestamp.now) FROM (
            SELECT \(key) AS evicted FROM \(TableName.quoted(shape.name)) AS \(CaptureTriggers.alias)
            WHERE \(collision)\(itself))
            WHERE \(CaptureTriggers.isUnlogged("evicted", table.id));
            """
        }
    }

    /// The condition under which a row of the table stands in NEW's way in a unique index.
    private func collision(_ index: TableShape.UniqueIndex, onUpdate: Bool) -> String? {
        var conditions: [String] = []
        var changes: [String] = []
        for term in index.terms {
            let collation = "COLLATE \(TableName.quoted(term.collation))"
            switch term.value {
            case .column(let name):
                let column = TableName.quoted(name)
                conditions.append("\(CaptureTriggers.alias).\(column) \(collation) = \(stored(name))")
                changes.append("OLD.\(column) IS NOT NEW.\(column) COLLATE BINARY")
            case .expression(let sql):
                guard includesExpressions else { return nil }
                conditions.append("(\(sql)) \(collation) = \(valueForNew(sql))")
            }
        }
        if let predicate = index.predicate {
            guard includesExpressions else { return nil }
            conditions.append("(\(predicate))")
        }
        // Where a predicate or an expression is in play, any column may matter.
        if onUpdate, index.predicate == nil, changes.count == index.terms.count {
            conditions.insert("(\(changes.joined(separator: " OR ")))", at: 0)
        }
        return conditions.joined(separator: " AND ")
    }

    /// A value of NEW as REPLACE will store it: the default in the place of a NULL that may not be.
    private func stored(_ name: String) -> String {
        let column = "NEW.\(TableName.quoted(name))"
        guard let shape = shape.columns.first(where: { $0.name == name }), !shape.isNullable,
            let value = shape.defaultValue
        else { return column }
        return "coalesce(\(column), (\(value)))"
    }

    /// An expression over the table's columns, as it is for NEW.
    private func valueForNew(_ expression: String) -> String {
        let columns = shape.columns.map { column in
            let name = TableName.quoted(column.name)
            return "\(stored(column.name)) AS \(name)"
        }
        return
            "(SELECT \(expression) FROM (SELECT \(columns.joined(separator: ", "))) AS \(TableName.quoted(shape.name)))"
    }
}
