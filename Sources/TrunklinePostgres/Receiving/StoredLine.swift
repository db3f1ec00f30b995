import TrunklineCore

/// A set-aside line as `trunkline.set_aside` holds it: its shape as JSON of ASCII alone, its text as bytes, so that a
/// database of any encoding holds what it could not store.
enum StoredLine {
    /// The shape, with the line's misfits.
    static func header(of line: ReceivedLine) -> String {
        var table = line.table
        table.shape = nil
        table.rows = 0
        table.rowBytes = 0
        table.deletes = 0
        table.deleteBytes = 0
        table.allNew = false
        table.misfits =
            line.misfits.isEmpty
            ? nil : line.misfits.sorted { $0.key < $1.key }.map { Misfit(row: 0, column: $0.key, storage: $0.value) }
        return JSONText.encode(table).asciiEscaped
    }

    static func line(_ shape: TableHeader, op: String, hex: String) -> ReceivedLine {
        var table = shape
        let misfits = Dictionary(
            (table.misfits ?? []).map { ($0.column, $0.storage) }, uniquingKeysWith: { first, _ in first })
        table.misfits = nil
        return ReceivedLine(
            table: table, isDelete: op == "delete", text: Hex.bytes("\\x" + hex)[...], misfits: misfits)
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
