/// The rows of one table in a batch that is being built, already in their wire form.
public struct TableContent: Sendable {
    public var name: TableName
    public var key: [String]
    public var columns: [Column]
    public var allNew: Bool
    /// Row lines in COPY text format, each ended by a newline.
    public var rows: [UInt8] = []
    public var rowCount = 0
    /// Delete lines: the key's fields in COPY text format, each ended by a newline.
    public var deletes: [UInt8] = []
    public var deleteCount = 0
    public var misfits: [Misfit] = []
    /// Of a shared table, as in the header: each line ends with a stamp.
    public var conflict: String?

    public init(name: TableName, key: [String], columns: [Column], allNew: Bool) {
        self.name = name
        self.key = key
        self.columns = columns
        self.allNew = allNew
    }

    /// With the deletes alone.
    var withoutRows: TableContent {
        var content = TableContent(name: name, key: key, columns: columns, allNew: false)
        content.conflict = conflict
        content.deletes = deletes
        content.deleteCount = deleteCount
        return content
    }

    var shape: WireShape { WireShape(key: key, columns: columns) }

    var header: TableHeader {
        var header = TableHeader(
            name: name, key: key, columns: columns, rows: rowCount, rowBytes: rows.count,
            deletes: deleteCount, deleteBytes: deletes.count, allNew: allNew,
            misfits: misfits.isEmpty ? nil : misfits, conflict: conflict)
        header.shape = shape.hash
        return header
    }
}
