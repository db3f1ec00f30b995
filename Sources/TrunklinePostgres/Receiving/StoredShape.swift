import TrunklineCore

/// What `trunkline.set_aside_shape` holds of set-aside lines, as JSON of ASCII alone, so that a database of any encoding holds
/// what it could not store: their table, with their misfits.
struct StoredShape: Codable {
    private var table: TableHeader
    private var isStoredInPart: Bool
    private var keepsImage: Bool

    private enum Field: String, CodingKey { case storedInPart, keepsImage }

    init(_ line: ReceivedLine) {
        table = line.table.ofNoBatch
        table.misfits =
            line.misfits.isEmpty
            ? nil : line.misfits.sorted { $0.key < $1.key }.map { Misfit(row: 0, column: $0.key, storage: $0.value) }
        isStoredInPart = line.isStoredInPart
        keepsImage = line.keepsImage
    }

    init(from decoder: any Decoder) throws {
        table = try TableHeader(from: decoder)
        let fields = try decoder.container(keyedBy: Field.self)
        isStoredInPart = try fields.decodeIfPresent(Bool.self, forKey: .storedInPart) ?? false
        keepsImage = try fields.decodeIfPresent(Bool.self, forKey: .keepsImage) ?? false
    }

    func encode(to encoder: any Encoder) throws {
        try table.encode(to: encoder)
        guard isStoredInPart || keepsImage else { return }
        var fields = encoder.container(keyedBy: Field.self)
        if isStoredInPart { try fields.encode(true, forKey: .storedInPart) }
        if keepsImage { try fields.encode(true, forKey: .keepsImage) }
    }

    /// - Parameter hex: the line's bytes.
    func line(op: String, hex: String) -> ReceivedLine {
        var table = table
        let misfits = Dictionary(
            (table.misfits ?? []).map { ($0.column, $0.storage) }, uniquingKeysWith: { first, _ in first })
        table.misfits = nil
        return ReceivedLine(
            table: table, isDelete: op == "delete", text: Hex.bytes("\\x" + hex)[...], misfits: misfits,
            isStoredInPart: isStoredInPart, keepsImage: keepsImage)
    }
}

extension String {
    /// With `\uXXXX` for all that is not ASCII, as JSON writes it.
    var asciiEscaped: String {
        guard !utf8.allSatisfy({ $0 < 0x80 }) else { return self }
        var result = ""
        for unit in utf16 {
            if unit < 0x80 {
                result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            } else {
                let hex = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            }
        }
        return result
    }
}
