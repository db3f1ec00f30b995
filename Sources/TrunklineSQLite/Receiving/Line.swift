internal import TrunklineCore

/// One row or delete of a batch.
struct Line {
    var table: TableHeader
    var isDelete: Bool
    /// COPY text, with its newline.
    var text: ArraySlice<UInt8>
    /// By column: the storage class of a value that does not fit its type.
    var misfits: [String: String] = [:]

    /// Tells it from the other lines of its stream.
    var identity: [UInt8] { Array(table.name.description.utf8) + [0] + text }

    var key: RowKey {
        let fields = CopyText.fields(text)
        guard !isDelete else { return RowKey(fields) }
        return RowKey(table.key.map { name in fields[table.columns.firstIndex { $0.name == name }!] })
    }

    static func all(in bytes: ArraySlice<UInt8>, of table: TableHeader, isDelete: Bool) -> [Line] {
        var lines: [Line] = []
        var start = bytes.startIndex
        for position in bytes.indices where bytes[position] == UInt8(ascii: "\n") {
            lines.append(Line(table: table, isDelete: isDelete, text: bytes[start...position]))
            start = position + 1
        }
        for misfit in table.misfits ?? [] where !isDelete { lines[misfit.row].misfits[misfit.column] = misfit.storage }
        return lines
    }

    /// A line that could not be stored, and why.
    struct Failure {
        var line: Line
        var reason: String
    }
}
