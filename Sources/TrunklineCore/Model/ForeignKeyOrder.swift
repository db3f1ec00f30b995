/// Puts tables in an order that foreign keys accept.
public enum ForeignKeyOrder {
    /// Parents before their children; otherwise by name. Where foreign keys form a circle, it is broken anywhere.
    public static func sort(_ tables: [TableName], parents: [TableName: Set<TableName>]) -> [TableName] {
        var sorted: [TableName] = []
        var visited: Set<TableName> = []
        func visit(_ table: TableName) {
            guard visited.insert(table).inserted else { return }
            for parent in (parents[table] ?? []).sorted() where tables.contains(parent) { visit(parent) }
            sorted.append(table)
        }
        for table in tables.sorted() { visit(table) }
        return sorted
    }
}
