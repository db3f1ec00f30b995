internal import GRDB
internal import GRDBSQLite
internal import TrunklineCore

/// Which rows of a synced table a stream has.
struct RowScope {
    let table: SyncedTable

    /// SQL over the table under its own name; none: all of them.
    /// - Parameter office: where the stream goes to.
    func conditions(for office: String) -> [String] { conditions("= '\(office.doubling("'"))'") }

    /// - Parameter office: SQL for where the stream goes to.
    func conditions(matching office: String) -> [String] { conditions("= \(office)") }

    /// SQL over the table under its own name for whether any branch has a row; nil: the table is a branch's own.
    var isForAnyBranch: String? {
        guard table.route != nil else { return nil }
        let some = "EXISTS (SELECT 1 FROM trunkline_outbound)"
        return ([some] + conditions("IN (SELECT destination FROM trunkline_outbound)")).joined(separator: " AND ")
    }

    /// - Parameter match: what is said of the name of the office.
    private func conditions(_ match: String) -> [String] {
        guard let route = table.route else { return [] }
        let name = TableName.quoted(table.name.inSQLite)
        let isFor: [String] =
            switch route {
            case .all: []
            case .column(let column): ["\(LogStatement.office(name, column)) \(match)"]
            case .mapping(let column, let through, let from, let to):
                [
                    """
                    EXISTS (SELECT 1 FROM \(TableName.quoted(through.inSQLite)) AS \(RowScope.map) \
                    WHERE \(RowScope.map).\(TableName.quoted(from)) = \(name).\(TableName.quoted(column)) \
                    AND \(LogStatement.office(RowScope.map, to)) \(match))
                    """
                ]
            }
        return isFor + filter
    }

    /// The filter alone: of a line for all branches. A comment at its end ends with its line.
    private var filter: [String] { table.filter.map { ["(\($0)\n)"] } ?? [] }

    private static let map = TableName.quoted("trunkline_map")

    /// How many rows each office has, in one look; `all` stands for every branch.
    /// - Parameter interval: SQL for which rows are looked at.
    func count(_ db: Database) throws -> [String: Int] {
        let name = TableName.quoted(table.name.inSQLite)
        let office: String
        var source = name
        switch table.route {
        case nil: office = "'head'"
        case .all: office = "'all'"
        case .column(let column): office = LogStatement.office(name, column)
        case .mapping(let column, let through, let from, let to):
            office = "\(RowScope.map).office"
            // The same branch may be there twice.
            source += """
                 JOIN (SELECT DISTINCT m.\(TableName.quoted(from)) AS value, \(LogStatement.office("m", to)) AS office
                    FROM \(TableName.quoted(through.inSQLite)) AS m) AS \(RowScope.map)
                ON \(RowScope.map).value = \(name).\(TableName.quoted(column))
                """
        }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT \(office) AS office, count(*) AS rows FROM \(source)
                WHERE \((["TRUE"] + filter).joined(separator: " AND ")) GROUP BY 1
                """)
        return Dictionary(
            rows.compactMap { row in (row["office"] as String?).map { ($0, row["rows"]) } }, uniquingKeysWith: +)
    }

    /// Why the route or the filter cannot be evaluated here; nil when they can.
    func obstacle(_ db: Database) -> String? {
        let conditions = conditions(for: "head")
        guard !conditions.isEmpty else { return nil }
        let name = TableName.quoted(table.name.inSQLite)
        let alone = table.filter.map { "SELECT \(FilterText.alone($0)) FROM \(name)" }
        let reason: String
        do {
            for sql in [alone, "SELECT 1 FROM \(name) WHERE \(conditions.joined(separator: " AND "))"].compactMap(
                \.self)
            {
                let statement = try db.makeStatement(sql: sql)
                guard sqlite3_bind_parameter_count(statement.sqliteStatement) == 0 else { throw Unbound() }
            }
            return nil
        } catch is Unbound {
            reason = "a parameter in it has no value"
        } catch {
            reason = (error as? DatabaseError)?.message ?? "\(error)"
        }
        return
            "table \"\(table.name)\": its route or its where cannot be evaluated (\(reason)); correct it under tables and run trunkline init, or mend the table"
    }

    private struct Unbound: Error {}
}
