internal import GRDB

/// Finds foreign keys that lead back to their own table through others.
struct ForeignKeyCircles {
    private let db: Database

    init(_ db: Database) { self.db = db }

    /// The nullable columns of this table's foreign keys, if one of them comes back to the table.
    func nullableColumns(of shape: TableShape) throws -> Set<String> {
        let others = shape.foreignKeys.filter { $0.parent.lowercased() != shape.name.lowercased() }
        guard !others.isEmpty else { return [] }
        var reached: Set<String> = []
        var frontier = others.map { $0.parent.lowercased() }
        while let table = frontier.popLast() {
            guard reached.insert(table).inserted else { continue }
            frontier += try String.fetchAll(
                db, sql: "SELECT DISTINCT lower(\"table\") FROM pragma_foreign_key_list(?)", arguments: [table])
        }
        guard reached.contains(shape.name.lowercased()) else { return [] }
        let nullable = Set(shape.columns.filter(\.isNullable).map(\.name))
        return Set(others.flatMap(\.columns)).intersection(nullable)
    }
}
