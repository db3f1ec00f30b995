internal import TrunklineCore

/// What the rows of a table that are for one branch are selected from, by the table's rule.
enum TableSource {
    /// As a template for PostgreSQL's `format`, with the branch's name as the first argument; nil: all rows are for all.
    ///
    /// The condition of the rule stands in it as it was written; a line feed ends a comment in it.
    static func template(_ rule: TableRule) -> String? {
        var conditions: [String] = []
        switch rule.route {
        case .all: break
        case .column(let column): conditions.append("t.\(column.identifier.doubling("%"))::text = %1$L")
        case .mapping(let column, let through, let from, let to):
            let (mapping, source, target) = (through.sql, from.identifier, to.identifier)
            conditions.append(
                """
                EXISTS (SELECT FROM \(mapping.doubling("%")) m WHERE m.\(source.doubling("%"))::text \
                = t.\(column.identifier.doubling("%"))::text AND m.\(target.doubling("%"))::text = %1$L)
                """)
        }
        if let filter = rule.filter { conditions.append("(\(filter.doubling("%"))\n)") }
        guard !conditions.isEmpty else { return nil }
        return "(SELECT t.* FROM \(rule.name.sql.doubling("%")) t WHERE \(conditions.joined(separator: " AND ")))"
    }
}

extension TableSource {
    /// Finds out whether the database takes the rule's condition and columns, before anything is changed.
    /// - Throws: `.table`, with what it says.
    static func check(_ rule: TableRule, _ connection: PostgresConnection) throws(StoreError) {
        guard let template = template(rule) else { return }
        let rows = template.replacing("%1$L", with: OfficeID.head.description.literal).replacing("%%", with: "%")
        var statements = ["SELECT FROM \(rows) t LIMIT 0"]
        if let filter = rule.filter {
            statements.append("SELECT \(FilterText.alone(filter)) FROM \(rule.name.sql) t LIMIT 0")
        }
        for statement in statements {
            guard let problem = try problem(with: statement, connection) else { continue }
            throw StoreError(
                .table, operation: "init", subject: "table \"\(rule.name)\"",
                reason: "its route or where cannot be used: \(problem)", hint: "correct it under tables:")
        }
    }

    /// Why rows cannot be selected from there; nil: they can.
    static func problem(of rows: String, _ connection: PostgresConnection) throws(StoreError) -> String? {
        try problem(with: "SELECT FROM \(rows) t LIMIT 0", connection)
    }

    private static func problem(
        with statement: String, _ connection: PostgresConnection
    ) throws(StoreError) -> String? {
        let isNested = connection.inTransaction
        if isNested { try connection.script("SAVEPOINT rule", "check table rule") }
        do throws(StoreError) {
            _ = try connection.run(statement, [], "check table rule")
            if isNested { try connection.script("RELEASE rule", "check table rule") }
            return nil
        } catch {
            guard connection.isOpen, !error.isTransient else { throw error }
            if isNested { try connection.script("ROLLBACK TO rule; RELEASE rule", "check table rule") }
            return error.reason
        }
    }
}
