import Foundation

/// The world's time as the bookkeeping writes it.
enum DatabaseTime {
    /// ISO 8601, in the first month of 2026.
    static func text(_ elapsed: Duration) -> String {
        let seconds = Int(elapsed / .seconds(1))
        precondition(seconds < 30 * 86_400, "a simulated world lasts less than a month")
        return String(
            format: "2026-01-%02dT%02d:%02d:%02d.000Z", 1 + seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60,
            seconds % 60)
    }

    /// As SQLite's `julianday` says it, of a time that ``text(_:)`` wrote.
    static func days(_ text: String) -> Double {
        let digits = text.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        return beginning + Double(digits[2] - 1) + Double(digits[3] * 3_600 + digits[4] * 60 + digits[5]) / 86_400
    }

    static func days(_ elapsed: Duration) -> Double { beginning + elapsed / .seconds(86_400) }

    /// 2026-01-01, midnight.
    private static let beginning = 2_461_041.5
}
