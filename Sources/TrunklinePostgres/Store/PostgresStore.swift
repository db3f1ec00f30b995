public import TrunklineCore

/// An office's database in PostgreSQL 15 or later, through libpq.
///
/// One connection, opened at the first call and again after a loss, on a thread of its own. What the
/// store does is told by its contracts; the bookkeeping lives in the schema `trunkline`.
public actor PostgresStore: OfficeStore {
    let url: String
    private nonisolated let executor: ThreadExecutor
    private var connection: PostgresConnection?
    private var listening: Set<StoreNews> = []

    /// - Parameter url: a libpq connection URI, `postgres://user:password@host:port/database?sslmode=…`.
    /// - Throws: ``StoreError`` `.configuration`.
    public init(url: String) throws(StoreError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw StoreError(
                .configuration, operation: "open", subject: "database.url",
                reason: "not a PostgreSQL connection URI; it begins with postgres://")
        }
        self.url = url
        executor = ThreadExecutor(name: "postgres")
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
            try connection.waitForNotification(within: timeout)
        }
    }

    /// Runs `body` on the connection; forgets the connection if it was lost.
    func withConnection<T>(_ body: (PostgresConnection) throws(StoreError) -> T) throws(StoreError) -> T {
        let current: PostgresConnection
        if let connection, connection.isOpen {
            current = connection
        } else {
            listening = []
            current = try PostgresConnection(url: url)
            connection = current
        }
        do {
            return try body(current)
        } catch {
            if !current.isOpen || current.inTransaction { close() }
            throw error
        }
    }
}

extension StoreNews {
    /// The NOTIFY channel; the triggers and statements that write the news name it too.
    var channel: String {
        switch self {
        case .changes: "trunkline_changes"
        case .acks: "trunkline_acks"
        }
    }
}
