/// What becomes of the rows of a sender's table, column by column.
public struct TableRehearsal: Hashable, Sendable, Codable {
    /// A column of the sender, of the table here, or of both.
    public struct ColumnPair: Hashable, Sendable, Codable {
        public var sent: Column?
        public var stored: Column?
        /// What makes it, where that is not the sender's column as it comes.
        public var source: RowMapping.Source?
        /// Whether both have it, with types that hold other values.
        public var differs = false
        /// Whether the table here would get it now.
        public var isAdded = false
    }

    /// Those in which the table looks so.
    public var streams: [StreamID]
    /// As the sender calls it, and its key there.
    public var table: TableName
    public var key: [String]
    public var into: TableName
    /// Whether the table would be made now.
    public var isMade = false
    /// Why rows would be set aside, or kept besides being stored in part; nil: they would not.
    public var setAside: String?
    public var isInPart = false
    /// The sender's in their order, then those that are only here; none of a table that takes no rows.
    public var columns: [ColumnPair] = []
    public var filter: String?
}

extension ReceiverEngine {
    /// Streams in which a table looks the same, together.
    func alike(_ table: TableName, in streams: [StreamID]) throws(StoreError) -> [[StreamID]] {
        var shapes: [WireShape] = []
        var alike: [WireShape: [StreamID]] = [:]
        for stream in streams {
            guard let shape = try books.shapes(of: [table], stream)[table] else { continue }
            if alike[shape] == nil { shapes.append(shape) }
            alike[shape, default: []].append(stream)
        }
        return shapes.map { alike[$0]! }
    }

    /// - Precondition: the transaction is undone, and the table came in these streams, and is alike in them.
    func rehearse(_ table: TableName, in streams: [StreamID]) throws(StoreError) -> TableRehearsal {
        guard let shape = try books.shapes(of: [table], streams[0])[table] else {
            throw StoreError(
                .contention, operation: "plan", subject: "table \"\(table)\"", reason: "its shape is gone; ask again")
        }
        var header = TableHeader(
            name: table, key: shape.key, columns: shape.columns, rows: 0, rowBytes: 0, deletes: 0, deleteBytes: 0,
            allNew: false)
        header.conflict = try? books.policy(of: table).description
        return try sink.rehearse(header, in: streams)
    }
}

extension MappedSink {
    fileprivate func rehearse(_ table: TableHeader, in streams: [StreamID]) throws(StoreError) -> TableRehearsal {
        let stream = streams[0]
        let mapping = try mapping(of: table.name)
        var rehearsal = TableRehearsal(
            streams: streams, table: table.name, key: table.key, into: mapping?.into ?? table.name,
            filter: mapping?.filter)
        let before = try base.columns(of: rehearsal.into)
        switch try fit(table, of: stream, for: .making) {
        case .fits: break
        case .made: rehearsal.isMade = true
        case .partly(let reason): (rehearsal.setAside, rehearsal.isInPart) = (reason, true)
        case .unfit(let reason), .refused(let reason): rehearsal.setAside = reason
        case .missing: rehearsal.setAside = "there is no table \"\(rehearsal.into)\" here"
        }
        guard rehearsal.setAside == nil || rehearsal.isInPart else { return rehearsal }
        let mapped = try mapped(table, stream)
        let local = mapped?.local ?? table
        let own = try base.columns(taking: local, of: stream) ?? []
        var filled: Set<String> = []
        for column in table.columns {
            let name = mapped.map { $0.kept[column.name] } ?? column.name
            let stored = name.flatMap { name in own.first { $0.name.lowercased() == name.lowercased() } }
            if let stored { filled.insert(stored.name) }
            rehearsal.columns.append(
                TableRehearsal.ColumnPair(
                    sent: column, stored: stored,
                    differs: stored.map { TableDifference.differ(column.type, $0.type) } ?? false,
                    isAdded: stored.map { stored in before?.contains { $0.name == stored.name } == false } ?? false))
        }
        for column in own where !filled.contains(column.name) {
            let isBranch = TableMapping(local, of: stream).additions.contains { $0.column == column.name.lowercased() }
            rehearsal.columns.append(
                TableRehearsal.ColumnPair(
                    stored: column,
                    source: isBranch ? .constant(stream.source.description) : mapping?.columns[column.name]))
        }
        return rehearsal
    }
}
