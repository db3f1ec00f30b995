internal import TrunklineCore

/// Questions to PostgreSQL's catalogs about the user's tables.
struct Catalog {
    private let connection: PostgresConnection

    init(_ connection: PostgresConnection) { self.connection = connection }

    struct Table {
        var name: TableName
        var keyColumns: [CaptureSQL.KeyColumn]
        var key: [String] { keyColumns.map(\.name) }
        var isPartitioned: Bool
        /// The table that this one is a partition of.
        var parent: TableName?
        /// Why its changes cannot be captured completely; nil: they can.
        var obstacle: String?
        /// Not dropped, not generated, in their order.
        var columns: [TableColumn]
        /// As they travel.
        var wireColumns: [Column] { columns.map { Column(name: $0.name, type: $0.wireType) } }
    }

    struct TableColumn {
        var name: String
        /// `pg_attribute.attnum`.
        var number: Int
        /// The type as the wire names it; see ``Column``.
        var wireType: String
        /// The type without its modifier, as a cast to it must be written.
        var castType: String
        /// The type with its modifier.
        var fullType: String
        /// Whether two values that are equal have one text: not so of 1.0 and 1.00, or of letters where their case is ignored.
        var isExact: Bool
        var isNullable: Bool
    }

    /// Nil when there is no such table.
    func table(_ name: TableName) throws(StoreError) -> Table? {
        let result = try connection.query(Statements.tableColumns, [name.sql])
        guard result.rowCount > 0 else { return nil }
        var key: [(Int, CaptureSQL.KeyColumn)] = []
        var columns: [TableColumn] = []
        for row in 0..<result.rowCount {
            let column = result.text(row, 0)
            if let position = result.integer(row, 4) {
                let keyColumn = CaptureSQL.KeyColumn(
                    name: column, number: result.integer(row, 7)!, type: result.text(row, 8))
                key.append((position, keyColumn))
            }
            // A generated column can be part of a key, but never travels.
            guard !result.flag(row, 5) else { continue }
            columns.append(
                TableColumn(
                    name: column, number: result.integer(row, 7)!, wireType: result.text(row, 1),
                    castType: result.text(row, 2),
                    fullType: result.text(row, 11), isExact: result.flag(row, 12), isNullable: result.flag(row, 3)))
        }
        return Table(
            name: name, keyColumns: key.sorted { $0.0 < $1.0 }.map(\.1), isPartitioned: result.flag(0, 6),
            parent: result.value(0, 9).map { TableName(schema: $0 == "public" ? nil : $0, result.text(0, 10)) },
            obstacle: result.value(0, 13), columns: columns)
    }

    /// All tables, or one error that names every unfit one.
    func fitTables(_ names: [TableName]) throws(StoreError) -> [Table] {
        var tables: [Table] = []
        var problems: [String] = []
        for name in names {
            guard let table = try table(name) else {
                problems.append("table \"\(name)\" does not exist; create it, or leave it out of tables")
                continue
            }
            if let parent = table.parent {
                problems.append(
                    "table \"\(name)\" is a partition of \"\(parent)\"; "
                        + (names.contains(parent)
                            ? "leave it out of tables, \"\(parent)\" has its rows"
                            : "put \"\(parent)\" into tables instead")
                )
            } else if let obstacle = table.obstacle {
                problems.append("table \"\(name)\" cannot be synced, since \(obstacle); leave it out of tables")
            } else if table.key.isEmpty {
                problems.append("table \"\(name)\" has no primary key; add one, or leave the table out of tables")
            } else if !Set(table.key).isSubset(of: table.columns.map(\.name)) {
                problems.append(
                    "table \"\(name)\" has a generated column in its primary key; leave the table out of tables")
            }
            tables.append(table)
        }
        guard problems.isEmpty else {
            throw StoreError(
                .table, operation: "init", subject: problems.count == 1 ? "table" : "tables",
                reason: problems.joined(separator: "; "))
        }
        return tables
    }

    /// The tables, parents before their children; where foreign keys form a circle, it is broken anywhere.
    func foreignKeyOrder(_ names: [TableName]) throws(StoreError) -> [TableName] {
        guard names.count > 1 else { return names }
        let result = try connection.query(Statements.foreignKeys, [TextArray.encode(names.map(\.sql))])
        let bySQL = Dictionary(names.map { ($0.sql, $0) }, uniquingKeysWith: { a, _ in a })
        var parents: [TableName: Set<TableName>] = [:]
        for row in 0..<result.rowCount {
            if let child = bySQL[result.text(row, 0)], let parent = bySQL[result.text(row, 1)] {
                parents[child, default: []].insert(parent)
            }
        }
        return ForeignKeyOrder.sort(names, parents: parents)
    }
}
