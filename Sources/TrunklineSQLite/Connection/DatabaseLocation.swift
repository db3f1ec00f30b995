internal import Foundation
internal import TrunklineCore

/// Where a SQLite database is.
enum DatabaseLocation: Hashable, Sendable {
    case file(path: String)

    /// - Parameter url: `sqlite:///absolute/path.db` or `sqlite:relative.db`, percent-encoded where a URL must be.
    init(url: String) throws(StoreError) {
        let scheme = "sqlite:"
        guard url.hasPrefix(scheme) else { throw DatabaseLocation.unusable("it does not begin with sqlite:") }
        var path = String(url.dropFirst(scheme.count))
        if path.hasPrefix("//") {
            guard path.hasPrefix("///") else {
                throw DatabaseLocation.unusable("it names a host; three slashes begin an absolute path")
            }
            path.removeFirst(2)
        }
        guard !path.contains("?"), !path.contains("#") else {
            throw DatabaseLocation.unusable("it has parameters; write ? and # of a path as %3F and %23")
        }
        guard let decoded = path.removingPercentEncoding else {
            throw DatabaseLocation.unusable("its percent-encoding is broken")
        }
        guard !decoded.isEmpty, !decoded.hasSuffix("/"), !decoded.contains("\0") else {
            throw DatabaseLocation.unusable("it names no file")
        }
        guard decoded != ":memory:" else { throw DatabaseLocation.unusable("a database in memory has one user only") }
        self = .file(path: decoded)
    }

    var path: String {
        switch self {
        case .file(let path): path
        }
    }

    /// The file itself, so that one put in its place (a restored backup) is told from it; nil when there is none.
    func identity(mayBeMissing: Bool) throws(StoreError) -> FileIdentity? {
        if let identity = FileIdentity(path: path) { return identity }
        guard mayBeMissing else {
            throw StoreError(
                .notInitialised, operation: "open", subject: path, reason: "there is no such file",
                hint: "correct database.url, or run trunkline init, which makes it")
        }
        return nil
    }

    private static func unusable(_ reason: String) -> StoreError {
        StoreError(
            .configuration, operation: "read", subject: "database.url", reason: reason,
            hint: "write sqlite:///absolute/path.db")
    }
}
