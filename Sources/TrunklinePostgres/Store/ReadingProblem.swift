internal import TrunklineCore

/// A route or a condition of a table that fails for one of its rows, or takes too long: it holds up its table, until that
/// is tried again, and nothing else.
struct ReadingProblem {
    /// In seconds.
    static let pause = 30
    /// In seconds, after one that took too long, which would otherwise take up most of the publisher's time.
    static let longPause = 900
    /// Of one statement.
    static let patience = Duration.seconds(20)

    var table: Int
    var reason: String
    var pause: Int

    /// Nil: the error says nothing about the table's rows.
    init?(_ error: StoreError, _ table: SyncedTable) {
        let isSlow = error.databaseCode == Self.canceled
        guard isSlow || error.isOfRowOrTable else { return nil }
        self.table = table.id
        reason =
            isSlow
            ? "to read them took more than \(Self.patience.components.seconds) seconds"
            : ShortReason.text(error.reasonWithoutValues)
        pause = isSlow ? Self.longPause : Self.pause
    }

    /// `query_canceled`.
    private static let canceled = "57014"

    func record(_ connection: PostgresConnection) throws(StoreError) {
        try connection.query(
            Statements.recordReadingProblem, ["\(table)", connection.portable(reason), "\(pause)"])
    }

    /// Runs a reading of a table's rows in a subtransaction of the transaction that is open, which it undoes.
    /// - Parameters:
    ///   - patience: how long a statement may take; nil: any time.
    ///   - passes: whether an error is the caller's to deal with.
    /// - Returns: nil when the table's rule failed, with the reason.
    static func isolate<Value>(
        _ table: SyncedTable, _ connection: PostgresConnection, patience: Duration? = Self.patience,
        passes: (StoreError) -> Bool = { _ in false },
        _ read: () throws(StoreError) -> Value
    ) throws(StoreError) -> Result<Value, Failure> {
        guard table.source != nil else { return .success(try read()) }
        let seconds = patience?.components.seconds ?? 0
        try connection.script("SAVEPOINT rule; SET LOCAL statement_timeout = '\(seconds)s'", "read by a rule")
        do throws(StoreError) {
            let value = try read()
            try connection.script("ROLLBACK TO rule; RELEASE rule", "read by a rule")
            return .success(value)
        } catch {
            guard connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO rule; RELEASE rule", "read by a rule")
            guard !passes(error), let problem = ReadingProblem(error, table) else { throw error }
            return .failure(Failure(problem: problem))
        }
    }

    struct Failure: Error { var problem: ReadingProblem }
}
