internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The row of `trunkline_office`: whose database this is.
struct Office {
    var id: OfficeID
    var role: OfficeRole
    /// The only tables in which what others send is stored. None at the head: any that it does not write.
    var acceptedTables: Set<TableName>
    /// At a branch: accepted tables to which its own programs may write.
    var overwrittenTables: Set<TableName>
    /// At a branch: whether tables of the head that are missing are made, and accepted.
    var acceptsNew: Bool
    /// The `PRAGMA schema_version` at which the triggers were last found right.
    var checkedSchemaVersion: Int

    /// - Throws: ``StoreError`` `.notInitialised` when `trunkline init` has not been run here.
    static func read(_ db: Database, operation: String) throws -> Office {
        let row = try Row.fetchOne(db, sql: "SELECT version, office, role FROM trunkline_office")
        guard let row, let id = OfficeID(row["office"]), let role = OfficeRole(rawValue: row["role"]) else {
            throw StoreError.notInitialised(operation: operation, subject: "trunkline_office")
        }
        try Bookkeeping.require(row["version"], operation: operation)
        // What other versions may not have.
        let settings = try Row.fetchOne(
            db,
            sql: """
                SELECT accepted_tables, overwritten_tables, accepts_new, checked_schema_version FROM trunkline_office
                """)!
        return Office(
            id: id, role: role,
            acceptedTables: Set(try JSONText.decode([TableName].self, settings["accepted_tables"])),
            overwrittenTables: Set(try JSONText.decode([TableName].self, settings["overwritten_tables"])),
            acceptsNew: settings["accepts_new"], checkedSchemaVersion: settings["checked_schema_version"])
    }

    static func save(_ setup: OfficeSetup, _ db: Database) throws {
        let accepted = setup.accepted
        try PlannedTables.note([], db)
        try db.execute(
            sql: """
                UPDATE trunkline_office SET accepted_tables = ?, overwritten_tables = ?, accepts_new = ?, clock_tolerance = ?,
                    mapped_tables = ?, new_columns = ?
                """,
            arguments: [
                try JSONText.encode(accepted.map(\.target)),
                try JSONText.encode(accepted.filter { $0.localWrites == .overwrite }.map(\.target)),
                setup.acceptsNew, Int64(setup.clockTolerance / .milliseconds(1)),
                try JSONText.encode(setup.mapped), setup.newColumns?.rawValue,
            ])
    }
}
