internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    /// Looks at `PRAGMA data_version` every 20 ms, which costs a read of shared memory. It changes
    /// with every commit on any other connection, so this may return without news of the kind asked for.
    public func wait(for news: StoreNews, within timeout: Duration) async throws(StoreError) {
        let end = ContinuousClock.now + timeout
        while newsWatch.isQuiet(news, at: try await dataVersion()) {
            let rest = end - ContinuousClock.now
            guard rest > .zero else { return }
            do {
                try await Task.sleep(for: min(.milliseconds(20), rest))
            } catch {
                return
            }
        }
    }

    /// Call it before looking for the news.
    func noteLook(for news: StoreNews) async throws(StoreError) {
        newsWatch.look(for: news, at: try await dataVersion())
    }

    private func dataVersion() async throws(StoreError) -> Int {
        let connections = try await connections()
        do {
            return try await connections.watcher.writeWithoutTransaction { db in
                try Int.fetchOne(db, sql: "PRAGMA data_version")!
            }
        } catch {
            throw StoreError(error, operation: "wait", subject: location.path)
        }
    }
}
