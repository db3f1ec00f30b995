/// What the last recovery of a stream did at the sender, and how it ended; kept until the next one begins.
public struct RecoveryReport: Hashable, Sendable, Codable {
    /// The tables of which rows yielded, or came back.
    public var tables: [Table]
    /// The tables that still differed when the recovery gave up; empty while it goes on, when both sides agreed, and
    /// after a later verification that agreed.
    public var differing: [TableName]

    public struct Table: Hashable, Sendable, Codable {
        public var name: TableName
        /// Rows that are in `superseded_row` now and nowhere else.
        public var putAside: Int
        /// Rows that go to the receiver once more, under new keys.
        public var newKeys: Int
        /// Why the table's rows cannot get new keys, where they were to; nil: they can.
        public var obstacle: String?
        /// Rows of the receiver's that are here again; nil: none.
        public var returned: Int?
        /// Rows that the receiver keeps and that could not be stored here; nil: none.
        public var notReturned: Int?
        /// Why the first of them could not.
        public var notReturnedReason: String?

        public init(
            name: TableName, putAside: Int, newKeys: Int, obstacle: String? = nil, returned: Int? = nil,
            notReturned: Int? = nil, notReturnedReason: String? = nil
        ) {
            self.name = name
            self.putAside = putAside
            self.newKeys = newKeys
            self.obstacle = obstacle
            self.returned = returned
            self.notReturned = notReturned
            self.notReturnedReason = notReturnedReason
        }
    }

    public init(tables: [Table] = [], differing: [TableName] = []) {
        self.tables = tables
        self.differing = differing
    }

    /// The same with what one more comparison brought.
    public func adding(_ more: [Table]) -> RecoveryReport {
        var sum = self
        for table in more {
            if let index = sum.tables.firstIndex(where: { $0.name == table.name }) {
                sum.tables[index].putAside += table.putAside
                sum.tables[index].newKeys += table.newKeys
                sum.tables[index].obstacle = table.obstacle ?? sum.tables[index].obstacle
            } else {
                sum.tables.append(table)
            }
        }
        return sum
    }

    /// Adds what became of a page of returned rows.
    mutating func note(_ name: TableName, returned: Int, notReturned: Int, reason: String?) {
        guard returned + notReturned > 0 else { return }
        self = adding([Table(name: name, putAside: 0, newKeys: 0)])
        let index = tables.firstIndex { $0.name == name }!
        if returned > 0 { tables[index].returned = (tables[index].returned ?? 0) + returned }
        guard notReturned > 0 else { return }
        tables[index].notReturned = (tables[index].notReturned ?? 0) + notReturned
        tables[index].notReturnedReason = tables[index].notReturnedReason ?? reason
    }

    /// What could not be stored is asked for once more.
    mutating func forgetNotReturned() {
        for index in tables.indices {
            tables[index].notReturned = nil
            tables[index].notReturnedReason = nil
        }
    }
}
