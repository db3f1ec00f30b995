/// A name as SQLite compares names: the letters A to Z in either case, and everything else by its bytes.
struct FoldedName: Hashable {
    private let bytes: [UInt8]

    init(_ name: String) {
        bytes = name.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }
}
