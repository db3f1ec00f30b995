internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The row of `trunkline_office`: whose database this is.
struct Office {
    var id: OfficeID
    var role: OfficeRole
    /// At the head: the only tables that are stored; empty: any.
    var acceptedTables: Set<TableName>
    /// The `PRAGMA schema_version` at which the triggers were last found right.
    var checkedSchemaVersion: Int

    /// - Throws: ``StoreError`` `.notInitialised` when `trunkline init` has not been run here.
    static func read(_ db: Database, operation: String) throws -> Office {
        let row = try Row.fetchOne(db, sql: "SELECT * FROM trunkline_office")
        guard let row, let id = OfficeID(row["office"]), let role = OfficeRole(rawValue: row["role"]) else {
            throw StoreError.notInitialised(operation: operation, subject: "trunkline_office")
        }
        try Bookkeeping.require(row["version"], operation: operation)
        return Office(
            id: id, role: role, acceptedTables: Set(try JSONText.decode([TableName].self, row["accepted_tables"])),
            checkedSchemaVersion: row["checked_schema_version"])
    }

    static func save(acceptedTables: [TableName], _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_office SET accepted_tables = ?", arguments: [try JSONText.encode(acceptedTables)])
    }
}
