/// What the header of a batch says of one table.
public struct TableHeader: Hashable, Sendable {
    public var name: TableName
    /// The hash of key and columns, ``WireShape/hash``; nil from a sender of version 0.1, and for what is no part of a batch.
    public var shape: String?
    /// The key's columns, in the key's order; each is one of `columns`.
    public var key: [String]
    /// The columns of each row line, in their order. Empty, and the key too, where the batch only names its shape.
    public var columns: [Column]
    /// What can be said of a line without its shape; nil where the columns are there.
    public var named: NamedFields?
    /// Row lines, and their length in bytes with the newlines.
    public var rows: Int
    public var rowBytes: Int
    /// Delete lines (the key's fields only), and their length in bytes with the newlines.
    public var deletes: Int
    public var deleteBytes: Int
    /// The sender believes that the receiver has none of these rows. A hint for the fast path, not a promise.
    public var allNew: Bool
    /// Values whose storage class does not fit the column's type (SQLite allows that).
    public var misfits: [Misfit]?
    /// Of a shared table: how the sender has it that conflicts are decided, ``ConflictPolicy/description``. The last field of
    /// each line is a ``RowStamp`` then.
    public var conflict: String?

    /// Stands for the columns of a shape that is only named, so that lines can be checked before it is looked up.
    public struct NamedFields: Hashable, Sendable, Codable {
        /// Of each row line.
        public var count: Int
        /// Zero-based, those of the key, in the key's order.
        public var key: [Int]

        public init(count: Int, key: [Int]) {
            self.count = count
            self.key = key
        }
    }

    public init(
        name: TableName, key: [String], columns: [Column], rows: Int, rowBytes: Int, deletes: Int,
        deleteBytes: Int, allNew: Bool, misfits: [Misfit]? = nil, conflict: String? = nil
    ) {
        self.name = name
        self.key = key
        self.columns = columns
        self.rows = rows
        self.rowBytes = rowBytes
        self.deletes = deletes
        self.deleteBytes = deleteBytes
        self.allNew = allNew
        self.misfits = misfits
        self.conflict = conflict
    }

    public var isShared: Bool { conflict != nil }

    /// Without what only one batch says of the table.
    public var ofNoBatch: TableHeader {
        var header = self
        header.shape = nil
        (header.rows, header.rowBytes, header.deletes, header.deleteBytes) = (0, 0, 0, 0)
        (header.allNew, header.misfits) = (false, nil)
        return header
    }

    var fieldCount: Int { named?.count ?? columns.count }

    /// Of a line, with its stamp.
    var rowFields: Int { fieldCount + (isShared ? 1 : 0) }
    var deleteFields: Int { keyFields.count + (isShared ? 1 : 0) }

    var keyFields: [Int] { named?.key ?? WireShape(key: key, columns: columns).keyFields }

    /// Leaves the columns out: the receiver keeps the shape.
    mutating func nameShape() {
        named = NamedFields(count: columns.count, key: keyFields)
        key = []
        columns = []
    }

    /// Puts the shape in that is only named.
    /// - Returns: whether it is that one, and the header fits it; if not, nothing changes.
    mutating func take(_ shape: WireShape) -> Bool {
        guard let named, shape.hash == self.shape, shape.columns.count == named.count, shape.keyFields == named.key
        else { return false }
        let known = Set(shape.columns.map(\.name))
        guard (misfits ?? []).allSatisfy({ known.contains($0.column) }) else { return false }
        self.named = nil
        key = shape.key
        columns = shape.columns
        return true
    }
}

extension TableHeader: Codable {
    private enum Field: String, CodingKey {
        case name, shape, key, columns, fields, rows, rowBytes, deletes, deleteBytes, allNew, misfits, conflict
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        name = try fields.decode(TableName.self, forKey: .name)
        shape = try fields.decodeIfPresent(String.self, forKey: .shape)
        named = try fields.decodeIfPresent(NamedFields.self, forKey: .fields)
        if named != nil, fields.contains(.key) || fields.contains(.columns) {
            throw DecodingError.dataCorruptedError(
                forKey: .fields, in: fields, debugDescription: "a table has columns, and fields in their place")
        }
        key = named == nil ? try fields.decode([String].self, forKey: .key) : []
        columns = named == nil ? try fields.decode([Column].self, forKey: .columns) : []
        rows = try fields.decode(Int.self, forKey: .rows)
        rowBytes = try fields.decode(Int.self, forKey: .rowBytes)
        deletes = try fields.decode(Int.self, forKey: .deletes)
        deleteBytes = try fields.decode(Int.self, forKey: .deleteBytes)
        allNew = try fields.decode(Bool.self, forKey: .allNew)
        misfits = try fields.decodeIfPresent([Misfit].self, forKey: .misfits)
        conflict = try fields.decodeIfPresent(String.self, forKey: .conflict)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(name, forKey: .name)
        try fields.encodeIfPresent(shape, forKey: .shape)
        if let named {
            try fields.encode(named, forKey: .fields)
        } else {
            try fields.encode(key, forKey: .key)
            try fields.encode(columns, forKey: .columns)
        }
        try fields.encode(rows, forKey: .rows)
        try fields.encode(rowBytes, forKey: .rowBytes)
        try fields.encode(deletes, forKey: .deletes)
        try fields.encode(deleteBytes, forKey: .deleteBytes)
        try fields.encode(allNew, forKey: .allNew)
        try fields.encodeIfPresent(misfits, forKey: .misfits)
        try fields.encodeIfPresent(conflict, forKey: .conflict)
    }
}
