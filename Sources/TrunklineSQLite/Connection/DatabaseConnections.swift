internal import Dispatch
internal import GRDB
internal import TrunklineCore

/// The connections of one store to its file. Each runs on a dispatch queue of its own.
final class DatabaseConnections: Sendable {
    /// Bookkeeping transactions.
    let writer: DatabaseQueue
    /// Reads rows; writes nothing.
    let reader: DatabaseQueue
    /// Looks for commits of others; neither reads rows nor writes, so it is never busy for long.
    let watcher: DatabaseQueue
    /// The file that they have open.
    let identity: FileIdentity?

    private init(_ location: DatabaseLocation, _ onOpen: ConnectionHook?, creating: Bool) throws {
        writer = try DatabaseConnections.queue(location, onOpen, creating: creating)
        identity = FileIdentity(path: location.path)
        // After the writer, which makes the file, and its write-ahead log, if need be.
        reader = try DatabaseConnections.queue(location, onOpen, readsOnly: true)
        watcher = try DatabaseConnections.queue(location, onOpen, readsOnly: true)
    }

    /// Opens the connections, and creates the file if it is missing.
    /// - Parameter creating: whether the file may become an office's, which has a write-ahead log.
    static func open(_ location: DatabaseLocation, _ onOpen: ConnectionHook?, creating: Bool) async throws(StoreError)
        -> DatabaseConnections
    {
        let result: Result<DatabaseConnections, any Error> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: Result { try DatabaseConnections(location, onOpen, creating: creating) })
            }
        }
        do {
            return try result.get()
        } catch {
            throw StoreError(error, operation: "open", subject: location.path)
        }
    }

    /// One more connection, which may leave a transaction open between two calls.
    static func snapshotQueue(_ location: DatabaseLocation, _ onOpen: ConnectionHook?) throws -> DatabaseQueue {
        try queue(location, onOpen, allowsLongTransactions: true)
    }

    func close() async {
        for queue in [writer, reader, watcher] {
            // Fails only while a statement is in use; then the connection closes when its last user lets go.
            try? queue.close()
        }
    }

    private static func queue(
        _ location: DatabaseLocation, _ onOpen: ConnectionHook?, readsOnly: Bool = false,
        creating: Bool = false, allowsLongTransactions: Bool = false
    ) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        // A user's triggers and checks run on our connections too, and may be written the old way.
        configuration.acceptsDoubleQuotedStringLiterals = true
        configuration.allowsUnsafeTransactions = allowsLongTransactions
        configuration.readonly = readsOnly
        configuration.prepareDatabase { db in
            DecimalFunctions.add(to: db)
            if !readsOnly {
                // To ask what a file is changes nothing of it.
                if try creating || db.tableExists("trunkline_office") {
                    try db.execute(sql: "PRAGMA journal_mode = WAL")
                }
                try db.execute(sql: "PRAGMA synchronous = FULL")
            }
            if let onOpen, let connection = db.sqliteConnection { onOpen(connection) }
        }
        return try DatabaseQueue(path: location.path, configuration: configuration)
    }
}
