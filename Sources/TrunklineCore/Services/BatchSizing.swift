/// How many changes the next batch should cover so that it comes near its limit of bytes.
struct BatchSizing: Sendable {
    private let rows: Int
    /// The limit now.
    var bytes: Int
    /// Moving average of what a change came to, in bytes; nil before the first batch.
    private var bytesPerChange: Double?

    init(rows: Int, bytes: Int) {
        self.rows = rows
        self.bytes = bytes
    }

    var changes: Int {
        guard let bytesPerChange, bytesPerChange > 0 else { return rows }
        return max(1, Int(min(Double(rows), Double(bytes) / bytesPerChange)))
    }

    /// «About» the limit: a batch a quarter larger is not worth reading twice.
    var readLimit: Int { bytes + bytes / 4 }

    mutating func learn(changes: Int, bytes: Int) {
        guard changes > 0 else { return }
        let latest = Double(bytes) / Double(changes)
        bytesPerChange = bytesPerChange.map { $0 * 0.7 + latest * 0.3 } ?? latest
    }
}
