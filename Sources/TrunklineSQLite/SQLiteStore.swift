internal import GRDB
internal import Synchronization
public import TrunklineCore

/// The office store of a SQLite database file, for a branch or for the head.
///
/// - The file may be in use by any number of processes, the application's own among them. It is put
///   into WAL mode, so that readers and the one writer do not stop each other.
/// - Every write is a short `BEGIN IMMEDIATE` transaction; rows are read in deferred transactions.
///   A till that finds the file locked waits milliseconds; it should set a busy time-out of its own.
/// - Commits are synced to disk (`synchronous = FULL`): what was acked survives a loss of power.
/// - Capture is done by triggers that use nothing but what every SQLite has, in the transaction of
///   whoever writes; no settings of that connection matter.
///
/// What it cannot see: rows that are deleted while a table has no triggers, because the table is
/// being rebuilt. The rows that are there afterwards are sent again; `trunkline verify` finds the others.
public final class SQLiteStore: OfficeStore {
    let location: DatabaseLocation
    let onOpen: ConnectionHook?
    private let opened = Mutex<DatabaseConnections?>(nil)
    let newsWatch = NewsWatch()

    /// Opens nothing yet.
    /// - Parameter url: `sqlite:///absolute/path.db` or `sqlite:relative.db`.
    /// - Throws: ``StoreError`` `.configuration` that names `database.url`.
    public init(url: String) throws(StoreError) {
        location = try DatabaseLocation(url: url)
        onOpen = nil
    }

    /// For a simulation, which counts statements, crashes between them, and has a time of its own.
    package init(url: String, onOpen: @escaping ConnectionHook) throws(StoreError) {
        location = try DatabaseLocation(url: url)
        self.onOpen = onOpen
    }

    public func close() async {
        let connections = opened.withLock { opened in
            defer { opened = nil }
            return opened
        }
        await connections?.close()
    }

    /// The open connections; opens them at the first call, and anew when the file was replaced by another.
    func connections(creating: Bool = false) async throws(StoreError) -> DatabaseConnections {
        let current = try location.identity(mayBeMissing: creating)
        if let connections = opened.withLock({ $0 }) {
            if connections.identity == current { return connections }
            await close()
        }
        let connections = try await DatabaseConnections.open(location, onOpen, creating: creating)
        let winner = opened.withLock { opened in
            if let other = opened, other.identity == connections.identity { return other }
            opened = connections
            return connections
        }
        if winner !== connections { await connections.close() }
        return winner
    }
}
