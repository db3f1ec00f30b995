import TrunklineCore

extension PostgresReceiving {
    func columns(taking table: TableHeader, of stream: StreamID) throws(StoreError) -> [Column]? {
        if case .found(let target)? = fits[TableMapping(table, of: stream)] { return target.own }
        return try readableTable(table.name)?.wireColumns
    }

    /// nil: there is none that this database's user may look at.
    private func readableTable(_ name: TableName) throws(StoreError) -> Catalog.Table? {
        let found = try Target.identity(of: name, connection)
        guard found.flag(0, 3), ["r", "p"].contains(found.value(0, 1)) else { return nil }
        return try Catalog(connection).table(name)
    }

    func missingColumns(of table: TableHeader) throws(StoreError) -> MissingColumns? {
        guard let own = try readableTable(table.name) else { return nil }
        let names = Set(own.columns.map(\.name))
        let columns = table.columns.filter { !names.contains($0.name) }
        guard !columns.isEmpty else { return nil }
        let name = connection.portable(table.name.inDefaultSchema.description)
        let found = try connection.query(ReceiverStatements.generatedColumns, [table.name.sql])
        let generated = Set((0..<found.rowCount).map { found.text($0, 0) })
        return MissingColumns(
            columns: columns, generated: generated,
            isMade: try connection.query(ReceiverStatements.isMade, [name]).flag(0, 0),
            statement: "ALTER TABLE \(table.name.sql) "
                + MissingColumns.first(
                    of: try additions(of: columns.filter { !generated.contains($0.name) }), separator: ", "))
    }

    private func additions(of columns: [Column]) throws(StoreError) -> [String] {
        var additions: [String] = []
        for column in columns {
            let type = try Target.safeType(column.type, connection)
            additions.append("ADD COLUMN IF NOT EXISTS \(column.name.identifier) \(type)")
        }
        return additions
    }

    func add(_ columns: [Column], to table: TableName) throws(StoreError) -> String? {
        let own = try Catalog(connection).table(table)?.columns.count ?? 0
        guard own + columns.count <= NewColumns.mostColumns else { return NewColumns.tooMany(of: table) }
        if let reason = Target.tooLong(among: columns.map(\.name)) { return reason }
        let operation = "add columns"
        let additions = try additions(of: columns)
        let statement = "ALTER TABLE \(table.sql) \(additions.joined(separator: ", "))"
        do throws(StoreError) {
            // Whoever comes behind a statement that waits for the whole table waits too.
            try connection.script(
                "SAVEPOINT adding; SET LOCAL lock_timeout TO '\(RowWriter.rowPatience)ms'; \(statement)", operation)
            try connection.script(
                "SET LOCAL lock_timeout TO '\(PostgresStore.lockPatience)s'; RELEASE adding", operation)
        } catch {
            guard error.isOfRowOrTable || error.databaseCode == ReadingProblem.locked, connection.isOpen else {
                throw error
            }
            try connection.script("ROLLBACK TO adding; RELEASE adding", operation)
            let reason = error.databaseCode == ReadingProblem.locked ? "it is in use" : error.reason
            return NewColumns.unadded(
                to: table, reason: reason,
                statement: "ALTER TABLE \(table.sql) " + MissingColumns.first(of: additions, separator: ", "))
        }
        fits = [:]
        return nil
    }
}
