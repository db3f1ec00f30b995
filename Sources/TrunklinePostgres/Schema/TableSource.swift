internal import TrunklineCore

/// What the rows of a table that are for one branch are selected from, by the table's rule.
enum TableSource {
    /// Of both sides of a comparison of two columns, each of which may have one of its own.
    static let collation = " COLLATE pg_catalog.\"default\""

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
                EXISTS (SELECT FROM \(mapping.doubling("%")) m WHERE m.\(source.doubling("%"))::text\(collation) \
                = t.\(column.identifier.doubling("%"))::text\(collation) AND m.\(target.doubling("%"))::text = %1$L)
                """)
        }
        if let filter = rule.filter { conditions.append("(\(filter.doubling("%"))\n)") }
        guard !conditions.isEmpty else { return nil }
        return "(SELECT t.* FROM \(rule.name.sql.doubling("%")) t WHERE \(conditions.joined(separator: " AND ")))"
    }

    /// SQL for how many rows there are (`rows`) for each branch (`office`; NULL: for every one), in one look at the table.
    static func counts(_ rule: TableRule) -> String {
        let condition = rule.filter.map { "WHERE (\($0)\n)" } ?? ""
        let rows = "\(rule.name.sql) t"
        switch rule.route {
        case .all: return "SELECT NULL::text AS office, count(*) AS rows FROM \(rows) \(condition)"
        case .column(let column):
            let office = "t.\(column.identifier)::text"
            return "SELECT coalesce(\(office), '') AS office, count(*) AS rows FROM \(rows) \(condition) GROUP BY 1"
        case .mapping(let column, let through, let from, let to):
            return """
                SELECT coalesce(m.office, '') AS office, count(*) AS rows FROM (SELECT t.* FROM \(rows) \(condition)) t
                JOIN (SELECT DISTINCT m.\(from.identifier)::text\(collation) AS value, m.\(to.identifier)::text AS office
                    FROM \(through.sql) m) m ON m.value = t.\(column.identifier)::text\(collation)
                GROUP BY 1
                """
        }
    }

    /// What PostgreSQL's `format` makes of a template.
    static func filled(_ template: String, for destination: OfficeID) -> String {
        filled(template, with: destination.description.literal)
    }

    /// - Parameter destination: SQL.
    static func filled(_ template: String, with destination: String) -> String {
        template.split(separator: "%%", omittingEmptySubsequences: false).map {
            $0.replacing("%1$L", with: destination)
        }.joined(separator: "%")
    }
}

extension TableSource {
    /// Finds out whether the database takes the rule's condition and columns, before anything is changed.
    /// - Throws: `.table`, with what it says.
    static func check(_ rule: TableRule, _ connection: PostgresConnection) throws(StoreError) {
        guard let template = template(rule) else { return }
        let rows = filled(template, for: .head)
        var statements = ["SELECT FROM \(rows) t LIMIT 0"]
        if let filter = rule.filter {
            statements.append("SELECT \(FilterText.alone(filter)) FROM \(rule.name.sql) t LIMIT 0")
        }
        for statement in statements {
            guard let error = try error(of: statement, connection) else { continue }
            guard !error.isTransient else { throw error }
            throw StoreError(
                .table, operation: "init", subject: "table \"\(rule.name)\"",
                reason: "its route or where cannot be used: \(error.reason)", hint: "correct it under tables:")
        }
    }

    enum Look: Hashable {
        case readable
        /// Somebody keeps others from reading it.
        case locked
        case problem(String)
    }

    /// Whether rows can be selected from there.
    static func look(at rows: String, _ connection: PostgresConnection) throws(StoreError) -> Look {
        guard let error = try error(of: "SELECT FROM \(rows) t LIMIT 0", connection) else { return .readable }
        // Whoever alters two of its tables may have them locked in another order.
        if [ReadingProblem.locked, "40P01"].contains(error.databaseCode) { return .locked }
        guard !error.isTransient else { throw error }
        return .problem(error.reason)
    }

    private static func error(
        of statement: String, _ connection: PostgresConnection
    ) throws(StoreError) -> StoreError? {
        let isNested = connection.inTransaction
        let end = isNested ? "ROLLBACK TO rule; RELEASE rule" : "ROLLBACK"
        try connection.script(
            """
            \(isNested ? "SAVEPOINT rule" : "BEGIN"); SET LOCAL lock_timeout = '\(ReadingProblem.lockPatience)s'
            """, "check table rule")
        do throws(StoreError) {
            _ = try connection.run(statement, [], "check table rule")
            try connection.script(end, "check table rule")
            return nil
        } catch {
            guard connection.isOpen else { throw error }
            try connection.script(end, "check table rule")
            return error
        }
    }
}
