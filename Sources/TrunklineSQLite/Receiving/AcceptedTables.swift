internal import GRDB
internal import TrunklineCore

/// In which tables an office stores what others send.
struct AcceptedTables {
    private let office: Office
    private let db: Database

    init(_ office: Office, _ db: Database) {
        self.office = office
        self.db = db
    }

    /// At a branch: those of its configuration, and, while it accepts new ones, those that were made for what the head
    /// sends.
    var names: [TableName] {
        get throws {
            guard office.role == .branch else { return office.acceptedTables.sorted() }
            let captured = Set(try SyncedTable.all(db).map { FoldedName($0.name.inSQLite) })
            var seen: Set<FoldedName> = []
            return (office.acceptedTables.sorted() + (office.acceptsNew ? try made() : [])).filter {
                let folded = FoldedName($0.inSQLite)
                return !captured.contains(folded) && seen.insert(folded).inserted
            }
        }
    }

    private func made() throws -> [TableName] {
        try String.fetchAll(db, sql: "SELECT name FROM trunkline_made_table ORDER BY name").map {
            TableName(parsing: $0) ?? TableName($0)
        }
    }

    /// - Parameter isMissing: whether there is nothing of that name.
    func acceptance(of table: TableName, isMissing: Bool) throws -> TableAcceptance {
        let folded = FoldedName(table.inSQLite)
        if let own = try SyncedTable.all(db).first(where: { FoldedName($0.name.inSQLite) == folded }) {
            return own.conflict.map { .shared(policy: $0.description) } ?? .written
        }
        // What was made for one table is not for another one whose name SQLite takes for the same.
        if try office.acceptsNew && (isMissing || made().contains(table)) { return .accepted }
        switch office.role {
        case .head:
            let takesAny = office.acceptedTables.isEmpty && !office.acceptsNew
            return takesAny || office.acceptedTables.contains(table) ? .accepted : .unlisted
        case .branch:
            let isListed = office.acceptedTables.contains { FoldedName($0.inSQLite) == folded }
            return isListed ? .accepted : .unlisted
        }
    }
}
