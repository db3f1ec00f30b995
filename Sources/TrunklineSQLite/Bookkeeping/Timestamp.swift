internal import FoundationEssentials
internal import GRDB

/// The database's own clock, in SQL.
enum Timestamp {
    /// Now, as the bookkeeping writes it.
    static let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

    /// So many days ago, as the bookkeeping writes it: such texts are compared as they are.
    static func daysAgo(_ days: Int, _ db: Database) throws -> String {
        let then = Date(timeIntervalSince1970: Double(try WallClock.now(db)) / 1_000 - Double(days) * 86_400)
        return then.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Seconds from the time in `column` to now; negative when the clock was set back.
    static func age(of column: String) -> String {
        "((julianday('now') - julianday(\(column))) * 86400.0)"
    }

    /// So many seconds from now, as a Julian day number.
    static func inSeconds(_ seconds: String) -> String { "(julianday('now') + (\(seconds)) / 86400.0)" }
}
