public import TrunklineCore

/// An office's database in PostgreSQL 15 or later, through libpq.
///
/// One connection, opened at the first call and again after a loss, on a thread of its own. What the
/// store does is told by its contracts; the bookkeeping lives in the schema `trunkline`.
public actor PostgresStore: OfficeStore {
    private let url: @Sendable () throws(StoreError) -> String
    private nonisolated let executor: ThreadExecutor
    private var connection: PostgresConnection?
    private var listening: Set<StoreNews> = []
    private var poll = ChangePoll()
    /// The steps of the bookkeeping's schema that are done; nil: there is none, or it may not be looked at.
    private var bookkeeping: Int?
    /// When the capture was last looked at.
    var captureChecked: ContinuousClock.Instant?
    /// When a table was last seen to in vain, by its number.
    var captureTried: [Int: ContinuousClock.Instant] = [:]

    /// - Parameter url: a libpq connection URI, asked for at each connect, so that a password may change meanwhile.
    public init(readingURL url: @escaping @Sendable () throws(StoreError) -> String) {
        self.url = url
        executor = ThreadExecutor(name: "postgres")
    }

    /// - Parameter url: a libpq connection URI, `postgres://user:password@host:port/database?sslmode=…`.
    /// - Throws: ``StoreError`` `.configuration`.
    public init(url: String) throws(StoreError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw StoreError(
                .configuration, operation: "open", subject: "database.url",
                reason: "not a PostgreSQL connection URI; it begins with postgres://")
        }
        self.init(readingURL: { () throws(StoreError) in url })
    }

    deinit { executor.stop() }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public func close() {
        connection = nil
        listening = []
    }

    public func wait(for news: StoreNews, within timeout: Duration) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            if !listening.contains(news) {
                try connection.script("LISTEN \(news.channel)", "listen")
                listening.insert(news)
                return
            }
            switch news {
            case .acks: try connection.waitForNotification(within: timeout)
            case .changes: try lookForChanges(connection, within: timeout)
            }
        }
    }

    private func lookForChanges(_ connection: PostgresConnection, within timeout: Duration) throws(StoreError) {
        let clock = ContinuousClock()
        let end = clock.now + timeout
        while true {
            let now = clock.now
            let number = try connection.query(SenderStatements.lastChange).integer(0, 0)
            if poll.numbered(number, at: now),
                poll.looked(try connection.query(SenderStatements.news).value(0, 0), at: now)
            {
                return
            }
            guard now < end else { return }
            if try connection.waitForNotification(within: min(poll.interval(at: now), end - now)) { return }
        }
    }

    /// Whoever may not look at what is sent sends nothing.
    private func checkMove(_ connection: PostgresConnection) throws(StoreError) {
        do throws(StoreError) {
            if try connection.query(MoveCheck.isMoved).flag(0, 0) { try connection.query(MoveCheck.check) }
        } catch {
            guard error.code == .accessRefused else { throw error }
        }
    }

    /// Runs `body` on the connection; forgets the connection if it was lost.
    /// - Parameter ofAnyVersion: whether the bookkeeping may be of another version of the program.
    func withConnection<T>(
        ofAnyVersion: Bool = false, _ body: (PostgresConnection) throws(StoreError) -> T
    ) throws(StoreError) -> T {
        let current: PostgresConnection
        if connection?.isStale == true { close() }
        if let connection, connection.isOpen {
            current = connection
        } else {
            listening = []
            current = try PostgresConnection(url: url())
            try current.neverHideRowsOfABranch()
            bookkeeping = try Migrations.done(current)
            if bookkeeping == Migrations.steps.count { try checkMove(current) }
            connection = current
        }
        if !ofAnyVersion, let bookkeeping, bookkeeping != Migrations.steps.count {
            close()
            throw Migrations.unfit(bookkeeping)
        }
        do {
            return try body(current)
        } catch {
            if !current.isOpen || current.inTransaction || error.blamesConnection { close() }
            throw error
        }
    }
}

extension StoreNews {
    /// The NOTIFY channel; the statements of ours that write the news name it too.
    var channel: String {
        switch self {
        case .changes: "trunkline_changes"
        case .acks: "trunkline_acks"
        }
    }
}
