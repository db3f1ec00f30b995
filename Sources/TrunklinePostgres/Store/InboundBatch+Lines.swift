internal import TrunklineCore

extension InboundBatch {
    /// The row lines and the delete lines of one table.
    func lines(ofTable index: Int) -> [RowWriter.Line] {
        let table = header.tables[index]
        return body[lines[index].rows].lines(of: table, isDelete: false)
            + body[lines[index].deletes].lines(of: table, isDelete: true)
    }
}

extension ArraySlice<UInt8> {
    /// Cuts COPY text into its lines, each with its newline.
    func lines(of table: TableHeader, isDelete: Bool) -> [RowWriter.Line] {
        var result: [RowWriter.Line] = []
        var start = startIndex
        for position in indices where self[position] == UInt8(ascii: "\n") {
            result.append(.init(table: table, isDelete: isDelete, text: self[start...position]))
            start = position + 1
        }
        return result
    }
}
