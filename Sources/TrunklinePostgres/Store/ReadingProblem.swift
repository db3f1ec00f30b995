internal import TrunklineCore

/// Rows of a table that cannot be read: its route or condition fails for one of them, or takes too long, or another
/// session has the table locked. It holds up its table, until that is tried again, and nothing else.
struct ReadingProblem {
    /// In seconds.
    static let pause = 30
    /// In seconds, after one that took too long, which would otherwise take up most of the publisher's time.
    static let longPause = 900
    /// Of one statement.
    static let patience = Duration.seconds(20)
    /// How long a table's lock is waited for, in seconds.
    static let lockPatience = 2
    /// Before what its rule fails with.
    static let rulePrefix = "its route or where fails for its rows: "
    /// After it.
    static let ruleWayOut = "; mend the row, or correct that under tables: and run \"trunkline init\""
    static let lockReason =
        "another session has it locked for more than \(lockPatience) seconds (pg_locks says which one)"

    var table: Int
    /// With what mends it.
    var reason: String
    var pause: Int

    /// Nil: the error says nothing about the table's rows.
    init?(_ error: StoreError, _ table: SyncedTable) {
        self.table = table.id
        pause = Self.pause
        switch error.databaseCode {
        case Self.locked: reason = Self.lockReason
        case Self.canceled where table.source != nil:
            reason =
                Self.rulePrefix + "to read them took more than \(Self.patience.components.seconds) seconds"
                + Self.ruleWayOut
            pause = Self.longPause
        case .some(let code) where Self.isOfSize(code, error.reason):
            reason =
                "one of its rows may be too large to be read: \(ShortReason.text(error.reason)); look for numbers of very many digits"
        default:
            guard table.source != nil, error.isOfRowOrTable else { return nil }
            reason = Self.rulePrefix + ShortReason.text(error.reasonWithoutValues) + Self.ruleWayOut
        }
    }

    init(lockOf table: SyncedTable) {
        self.table = table.id
        reason = Self.lockReason
        pause = Self.pause
    }

    /// Beyond a gigabyte the server runs into a limit of its own, for which it has no code.
    private static func isOfSize(_ code: String, _ reason: String) -> Bool {
        ["53200", "54000"].contains(code) || code == "XX000" && reason.contains("memory alloc request size")
    }

    /// `query_canceled`.
    private static let canceled = "57014"
    /// `lock_not_available`.
    static let locked = "55P03"

    func record(_ connection: PostgresConnection) throws(StoreError) {
        try connection.query(
            Statements.recordReadingProblem, ["\(table)", connection.portable(reason), "\(pause)"])
    }

    /// Runs a reading of a table's rows in a subtransaction of the transaction that is open, which it undoes.
    /// - Parameters:
    ///   - patience: how long a statement may take; nil: any time.
    ///   - passes: whether an error is the caller's to deal with.
    /// - Returns: a failure when the table's rows cannot be read, with the reason.
    static func isolate<Value>(
        _ table: SyncedTable, _ connection: PostgresConnection, patience: Duration? = Self.patience,
        passes: (StoreError) -> Bool = { _ in false },
        _ read: () throws(StoreError) -> Value
    ) throws(StoreError) -> Result<Value, Failure> {
        let seconds = table.source == nil ? 0 : patience?.components.seconds ?? 0
        try connection.script(
            """
            SAVEPOINT rule; SET LOCAL statement_timeout = '\(seconds)s'; SET LOCAL lock_timeout = '\(lockPatience)s'
            """, "read rows")
        do throws(StoreError) {
            let value = try read()
            try connection.script("ROLLBACK TO rule; RELEASE rule", "read rows")
            return .success(value)
        } catch {
            guard connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO rule; RELEASE rule", "read rows")
            guard !passes(error), let problem = ReadingProblem(error, table) else { throw error }
            return .failure(Failure(problem: problem))
        }
    }

    struct Failure: Error { var problem: ReadingProblem }
}
