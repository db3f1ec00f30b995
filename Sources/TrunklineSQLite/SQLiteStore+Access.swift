internal import GRDB
internal import TrunklineCore

extension SQLiteStore {
    /// Runs `body` in one `BEGIN IMMEDIATE` transaction; an error undoes all of it.
    /// - Parameters:
    ///   - operation: names the work in errors.
    ///   - subject: on what: a stream, a table, the file.
    ///   - durably: whether it is on the disk when this returns. If not, a loss of power may undo it, and then also
    ///     all that was committed after it; the lock on the file is held for a shorter time.
    func write<Value: Sendable>(
        _ operation: String, _ subject: String, creating: Bool = false, durably: Bool = true,
        _ body: @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let connections = try await connections(creating: creating)
        do {
            return try await inTurn {
                try await connections.writer.writeWithoutTransaction { db in
                    guard !durably else { return try db.immediately { try body(db) } }
                    try db.execute(sql: "PRAGMA synchronous = NORMAL", arguments: [])
                    defer { try? db.execute(sql: "PRAGMA synchronous = FULL", arguments: []) }
                    return try db.immediately { try body(db) }
                }
            }
        } catch {
            throw StoreError(error, operation: operation, subject: subject)
        }
    }

    /// A simulation has a time and an order of its own.
    private func inTurn<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        try await onOpen == nil ? WriteTurns.of(location.path).take(body) : body()
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
