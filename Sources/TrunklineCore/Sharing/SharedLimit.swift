/// What a row of a shared table may be, so that every office can keep what it has to know of it.
public enum SharedLimit {
    /// Of a row's values as JSON: a change travels with the row that it was made of, and a conflict keeps three.
    public static let rowBytes = 8 << 20
    /// Of a key: the books have an index over it, whose entries PostgreSQL limits to a third of a page.
    public static let keyBytes = 2_000

    /// Of a batch: they are decided over in one transaction, which keeps the rows from programs and from other branches
    /// meanwhile.
    public static let lines = 5_000

    /// Of a batch of more than one line, of those lines, for the same reason.
    public static let batchBytes = 8 << 20

    /// In milliseconds: a version that is further ahead of an office's clock is nobody's.
    static let clockAhead: Int64 = 10 * 366 * 86_400_000

    /// Why a line cannot travel, or be taken; nil: it can.
    /// - Parameters:
    ///   - text: of the line, without a stamp.
    ///   - key: its key.
    public static func problem(_ text: some Sequence<UInt8>, key: RowKey) -> String? {
        let length = key.values.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        guard length <= keyBytes else { return longKey }
        guard !key.values.contains(where: { $0?.utf8.contains(0) ?? false }) else { return keyWithNUL }
        let size = text.reduce(0) { $0 + bytes(of: $1) }
        return size > rowBytes ? longRow(size) : nil
    }

    public static let longKey = "its key is longer than \(keyBytes) bytes, the limit in shared tables"

    public static let keyWithNUL =
        "its key holds a NUL character, which not every office can keep; give the row another key"

    public static func longRow(_ size: some CustomStringConvertible) -> String {
        "the row is \(size) bytes as JSON; the limit in shared tables is \(rowBytes)"
    }

    private static func bytes(of byte: UInt8) -> Int {
        switch byte {
        case ..<0x20: 6
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): 2
        default: 1
        }
    }
}
