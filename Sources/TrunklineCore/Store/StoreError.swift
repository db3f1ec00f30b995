/// What went wrong at an office's database, and whether trying again can help.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The server cannot be reached, or the connection was lost.
        case unreachable
        /// Wrong user, password, database, or a privilege is missing.
        case accessRefused
        /// Locked, deadlocked, or not serializable: another transaction won.
        case contention
        /// `trunkline init` has not been run in this database, or its version does not fit.
        case notInitialised
        /// A synced table is missing or unfit (no primary key, say).
        case table
        /// The disk or a quota is full.
        case full
        /// The database URL or an argument is not usable.
        case configuration
        /// Any other error of the database.
        case database
        /// A mistake of this program.
        case program
    }

    public var code: Code
    /// What was being done: the name of the statement or operation.
    public var operation: String
    /// On what: a table, a stream, `host:port/database`. Never a password, never row data.
    public var subject: String
    public var reason: String
    /// The way out, for a person; nil when there is none to name.
    public var hint: String?
    /// The database's own code: an SQLSTATE, or SQLite's extended result code.
    public var databaseCode: String?

    public init(
        _ code: Code, operation: String, subject: String, reason: String, hint: String? = nil,
        databaseCode: String? = nil
    ) {
        self.code = code
        self.operation = operation
        self.subject = subject
        self.reason = reason
        self.hint = hint
        self.databaseCode = databaseCode
    }

    /// Whether the same call may succeed later without anybody changing anything.
    public var isTransient: Bool {
        switch code {
        case .unreachable, .contention, .full: true
        case .accessRefused, .notInitialised, .table, .configuration, .database, .program: false
        }
    }

    /// What `beginRecovery` says of a stream that needs none.
    public static func nothingToRecover(_ stream: StreamID) -> StoreError {
        StoreError(
            .configuration, operation: "recover", subject: "stream \(stream)",
            reason: "it is not stopped, there is nothing to recover",
            hint: "\"trunkline verify\" compares both sides")
    }

    /// What is said where rows that a recovery kept are to give way before it has ended.
    static func keepsRows(_ stream: StreamID) -> StoreError {
        StoreError(
            .configuration, operation: "let go of kept rows", subject: "stream \(stream)",
            reason: "its recovery goes on, and they belong to it",
            hint: "wait until \"trunkline status\" shows it no more")
    }

    /// What `rows` says of a table of which this office has none.
    /// - Parameter synced: the tables that there are.
    public static func notSynced(_ table: TableName, synced: [TableName]) -> StoreError {
        let names = synced.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        return StoreError(
            .table, operation: "find", subject: "table \"\(table)\"", reason: "no such table is synced here",
            hint: synced.isEmpty
                ? "no table is yet; at a branch, list them in tables and run trunkline init"
                : "the synced tables: \(names)")
    }

    public var description: String {
        "database: \(operation) \(subject): \(reason)" + (hint.map { "; \($0)" } ?? "")
    }
}
