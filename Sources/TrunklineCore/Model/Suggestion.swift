/// Finds what somebody meant who wrote an unknown name.
public enum Suggestion {
    /// - Returns: the candidate that takes the fewest slips of the keyboard to become `word`; nil when
    ///   none is near.
    public static func nearest(to word: String, among candidates: [String]) -> String? {
        let measured = candidates.map { (distance: distance(word.lowercased(), $0.lowercased()), name: $0) }
        guard let best = measured.min(by: { $0 < $1 }), best.distance <= max(2, word.count / 3) else { return nil }
        return best.name
    }

    /// Optimal string alignment distance: insertions, deletions, substitutions and swaps of two neighbours.
    public static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a)
        let b = Array(b)
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
