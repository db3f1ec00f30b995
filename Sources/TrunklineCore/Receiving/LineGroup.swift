/// The rows, or the deletes, of one table in a batch: what a ``RowSink`` applies in one go.
public struct LineGroup: Sendable {
    public var table: TableHeader
    public var isDelete: Bool
    /// All lines, one after the other, each with its newline.
    public var bytes: ArraySlice<UInt8>
    /// By the index of the line: by column, the storage class of a value that does not fit its type.
    public var misfits: [Int: [String: String]]

    public init(
        table: TableHeader, isDelete: Bool, bytes: ArraySlice<UInt8>, misfits: [Int: [String: String]] = [:]
    ) {
        self.table = table
        self.isDelete = isDelete
        self.bytes = bytes
        self.misfits = misfits
    }

    /// A group of one line.
    public init(_ line: ReceivedLine) {
        var table = line.table
        table.allNew = false
        self.init(
            table: table, isDelete: line.isDelete, bytes: line.text,
            misfits: line.misfits.isEmpty ? [:] : [0: line.misfits])
    }

    public var count: Int { bytes.count { $0 == CopyText.newline } }

    public var lines: [ReceivedLine] {
        let shared = SharedHeader(table)
        var lines: [ReceivedLine] = []
        var start = bytes.startIndex
        for position in bytes.indices where bytes[position] == CopyText.newline {
            lines.append(
                ReceivedLine(
                    shared, isDelete: isDelete, text: bytes[start...position],
                    misfits: misfits[lines.count] ?? [:]))
            start = position + 1
        }
        return lines
    }

    /// Takes the lines of these indices out; for none, without a look at the lines.
    /// - Returns: them, in their order.
    public mutating func take(at indices: Set<Int>) -> [ReceivedLine] {
        indices.isEmpty ? [] : take { index, _ in indices.contains(index) }
    }

    /// Takes lines out.
    /// - Returns: those for which `isTaken` says so.
    mutating func take<E: Error>(where isTaken: (Int, ReceivedLine) throws(E) -> Bool) throws(E) -> [ReceivedLine] {
        var taken: [ReceivedLine] = []
        var kept: [UInt8] = []
        var keptMisfits: [Int: [String: String]] = [:]
        var count = 0
        for (index, line) in lines.enumerated() {
            if try isTaken(index, line) {
                taken.append(line)
            } else {
                kept += line.text
                keptMisfits[count] = misfits[index]
                count += 1
            }
        }
        guard !taken.isEmpty else { return [] }
        bytes = kept[...]
        misfits = keptMisfits
        return taken
    }

    /// The groups of a batch in the order in which they are applied: rows, parents first, then deletes in reverse.
    static func all(of batch: InboundBatch) -> [LineGroup] {
        var rows: [LineGroup] = []
        var deletes: [LineGroup] = []
        for (index, table) in batch.header.tables.enumerated() {
            if table.rows > 0 {
                var misfits: [Int: [String: String]] = [:]
                for misfit in table.misfits ?? [] { misfits[misfit.row, default: [:]][misfit.column] = misfit.storage }
                rows.append(
                    LineGroup(
                        table: table, isDelete: false, bytes: batch.body[batch.lines[index].rows], misfits: misfits))
            }
            if table.deletes > 0 {
                deletes.append(
                    LineGroup(table: table, isDelete: true, bytes: batch.body[batch.lines[index].deletes]))
            }
        }
        return rows + deletes.reversed()
    }
}
