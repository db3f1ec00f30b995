internal import GRDB
internal import TrunklineCore

extension SQLiteStore {
    /// Runs `body` in one `BEGIN IMMEDIATE` transaction; an error undoes all of it.
    /// - Parameters:
    ///   - operation: names the work in errors.
    ///   - subject: on what: a stream, a table, the file.
    func write<Value: Sendable>(
        _ operation: String, _ subject: String, creating: Bool = false,
        _ body: @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let connections = try await connections(creating: creating)
        do {
            return try await connections.writer.writeWithoutTransaction { db in
                try db.immediately { try body(db) }
            }
        } catch {
            throw StoreError(error, operation: operation, subject: subject)
        }
    }

    /// Runs `body` in one deferred transaction, which sees one state of the database and locks nobody out.
    func read<Value: Sendable>(
        _ operation: String, _ subject: String, _ body: @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let connections = try await connections()
        do {
            return try await connections.reader.read { db in try body(db) }
        } catch {
            throw StoreError(error, operation: operation, subject: subject)
        }
    }
}

extension Database {
    /// `BEGIN IMMEDIATE`, `body`, `COMMIT`; `ROLLBACK` on an error.
    func immediately<Value>(_ body: () throws -> Value) throws -> Value {
        var value: Value?
        try inTransaction(.immediate) {
            value = try body()
            return .commit
        }
        return value!
    }
}
