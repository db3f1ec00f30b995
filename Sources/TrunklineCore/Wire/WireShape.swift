internal import Crypto

/// What the lines of a table mean: its key and its columns, as they travel.
///
/// A batch names it by its hash, so that it travels only until the receiver keeps it (``ToldShapes``). The hash is of the
/// content, so that a receiver never takes a line for what it is not: it has the shape that is named, or it asks for it.
public struct WireShape: Hashable, Sendable, Codable {
    /// The key's columns, in the key's order; each is one of `columns`.
    public var key: [String]
    /// The columns of each row line, in their order.
    public var columns: [Column]

    public init(key: [String], columns: [Column]) {
        self.key = key
        self.columns = columns
    }

    /// The first half of the SHA-256 of all names and types, each behind its length, in hex digits.
    public var hash: String {
        var hash = SHA256()
        func add(_ text: String) {
            withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: Array(text.utf8))
        }
        add("\(key.count)")
        for name in key { add(name) }
        for column in columns {
            add(column.name)
            add(column.type)
        }
        return hash.finalize().prefix(WireShape.hashBytes).map { byte in
            let digits = Array("0123456789abcdef")
            return "\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }.joined()
    }

    static let hashBytes = 16

    /// About what it takes to keep it.
    var bytes: Int { (key + columns.flatMap { [$0.name, $0.type] }).reduce(0) { $0 + $1.utf8.count + 12 } }

    /// Where the key's columns are among a row line's fields, in the key's order.
    var keyFields: [Int] {
        let places = Dictionary(zip(columns.map(\.name), columns.indices), uniquingKeysWith: { first, _ in first })
        return key.compactMap { places[$0] }
    }
}
