internal import TrunklineCore

/// The conditions under which a row of a table stands in the way of NEW in a unique index, so that `REPLACE` evicts it.
///
/// An eviction fires no delete trigger (`recursive_triggers` is off by default); so a trigger before the statement looks.
struct UniqueCollisions {
    let shape: TableShape
    /// Of the row that may be evicted.
    let alias: String
    /// Whether unique indexes with expressions and predicates are regarded.
    var includesExpressions = true

    /// Of the unique indexes besides the primary key.
    func ofIndexes(onUpdate: Bool) -> [String] {
        shape.uniqueIndexes.compactMap { collision($0, onUpdate: onUpdate) }
    }

    /// Of the primary key.
    func ofKey(onUpdate: Bool) -> String? {
        let terms = zip(shape.key, shape.keyCollations).map {
            TableShape.UniqueIndex.Term(value: .column($0), collation: $1)
        }
        guard !terms.isEmpty else { return nil }
        return collision(TableShape.UniqueIndex(name: "", terms: terms, predicate: nil), onUpdate: onUpdate)
    }

    /// Of the rowid, where that is not the key.
    func ofRowid(onUpdate: Bool) -> String? {
        guard !shape.hasIntegerKey, let rowid = shape.rowidName else { return nil }
        let change = onUpdate ? "OLD.\(rowid) <> NEW.\(rowid) AND " : ""
        return "\(change)\(alias).\(rowid) = NEW.\(rowid)"
    }

    private func collision(_ index: TableShape.UniqueIndex, onUpdate: Bool) -> String? {
        var conditions: [String] = []
        var changes: [String] = []
        for term in index.terms {
            let collation = "COLLATE \(TableName.quoted(term.collation))"
            switch term.value {
            case .column(let name):
                let column = TableName.quoted(name)
                conditions.append("\(alias).\(column) \(collation) = \(stored(name))")
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
