import ArgumentParser
import TrunklineCore

/// Names on the command line.
enum NameArgument {
    @Sendable static func office(_ text: String) throws -> OfficeID {
        guard let office = OfficeID(text) else {
            throw ValidationError("'\(text)' is not an office name; use a-z, 0-9 and -, at most 63, not - at the start")
        }
        return office
    }

    @Sendable static func table(_ text: String) throws -> TableName {
        guard let table = TableName(parsing: text) else {
            throw ValidationError("'\(text)' is not a table name; write name or schema.name")
        }
        // As PostgreSQL writes it; SQLite has no schema of that name.
        return table.schema == "public" ? TableName(table.name) : table
    }
}
