internal import GRDB

// What this module asks a database in SQL is prepared once a connection, and kept by it: in this module these stand in
// for GRDB's own of the same names, which prepare a statement anew at each call. Most of the text is constant; what is
// not names a table, so a connection keeps a few hundred statements at most.

extension Database {
    /// Any number of statements, which are prepared anew: those that change the schema, and are rare.
    func execute(sql: String) throws { try execute(literal: SQL(sql: sql)) }

    /// - Parameter arguments: of one statement.
    func execute(sql: String, arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}

extension Row {
    static func fetchOne(_ db: Database, sql: String, arguments: StatementArguments = []) throws -> Row? {
        try fetchOne(db.cachedStatement(sql: sql), arguments: arguments)
    }

    static func fetchAll(_ db: Database, sql: String, arguments: StatementArguments = []) throws -> [Row] {
        try fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
    }
}

extension DatabaseValueConvertible where Self: StatementColumnConvertible {
    static func fetchOne(_ db: Database, sql: String, arguments: StatementArguments = []) throws -> Self? {
        try fetchOne(db.cachedStatement(sql: sql), arguments: arguments)
    }

    static func fetchAll(_ db: Database, sql: String, arguments: StatementArguments = []) throws -> [Self] {
        try fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
    }
}
