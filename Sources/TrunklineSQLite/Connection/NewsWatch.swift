internal import Synchronization
internal import TrunklineCore

/// The `PRAGMA data_version` of the watching connection when its store last looked for each kind of
/// news, so that a commit between looking and waiting is not missed.
final class NewsWatch: Sendable {
    private let seen = Mutex<[StoreNews: Int]>([:])

    /// Notes that the store looks for `news` now.
    func look(for news: StoreNews, at version: Int) {
        seen.withLock { $0[news] = version }
    }

    /// Whether nothing was committed since the store last looked. Each question counts as a look, so
    /// that a commit is told once.
    func isQuiet(_ news: StoreNews, at version: Int) -> Bool {
        seen.withLock { seen in
            let last = seen.updateValue(version, forKey: news)
            return last == nil || last == version
        }
    }
}
