public import TrunklineCore

extension PostgresStore {
    public func addBranch(_ branch: OfficeID, brokerUser: String) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            do throws(StoreError) {
                return try connection.transaction("add branch") { () throws(StoreError) in
                    try connection.query(Statements.holdStreams)
                    let isNew = try connection.query(Statements.addBranch, [branch.description, brokerUser]).flag(0, 0)
                    try begin(StreamID(from: .head, to: branch), connection)
                    return isNew
                }
            } catch {
                guard error.databaseCode == "23505" else { throw error }
                throw .userTaken(brokerUser, branch: branch)
            }
        }
    }

    /// Begins the stream to a branch, unless it is there or this office writes no table, with a load of all that is for it.
    func begin(_ stream: StreamID, _ connection: PostgresConnection) throws(StoreError) {
        let tables = try SyncedTable.all(connection).filter { $0.captured && $0.isForBranches }
        guard !tables.isEmpty, try createStream(stream, connection) else { return }
        // What it joined before is nobody's any more.
        try connection.query(
            SharingStatements.noteJoined, [StreamID(from: stream.destination, to: .head).description, "[]"])
        for name in try Catalog(connection).foreignKeyOrder(tables.map(\.name)) {
            for table in tables where table.name == name && table.loaded && table.conflict == nil {
                try connection.query(Statements.beginLoad, ["\(table.id)", stream.description, "t", "f", "t"])
            }
        }
        try connection.script("NOTIFY trunkline_changes", "begin stream")
    }

    /// Whoever forms a batch of it is waited for first, so that the batch goes too.
    func end(_ stream: StreamID, _ connection: PostgresConnection) throws(StoreError) {
        try connection.query(Statements.holdStreams)
        try connection.query(Statements.lockOutbound, [stream.description])
        try connection.query(Statements.endStream, [stream.description])
    }

    /// - Returns: whether it is new.
    func createStream(_ stream: StreamID, _ connection: PostgresConnection) throws(StoreError) -> Bool {
        // Nobody prunes the wave that it is about to stand behind.
        try connection.query(Statements.keepWaves)
        let isNew = try connection.query(Statements.createOutbound, [stream.description]).affectedRows == 1
        try connection.query(Statements.createOutboundAck, [stream.description])
        return isNew
    }

    public func branch(_ id: OfficeID) throws(StoreError) -> Branch? {
        try withConnection { (connection) throws(StoreError) in
            Self.branches(try connection.query(Statements.branch, [id.description])).first
        }
    }

    public func branches() throws(StoreError) -> [Branch] {
        try withConnection { (connection) throws(StoreError) in
            Self.branches(try connection.query(Statements.branches))
        }
    }

    public func setSuspended(_ isSuspended: Bool, branch: OfficeID) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            try connection.query(Statements.suspendBranch, [branch.description, isSuspended ? "t" : "f"])
                .affectedRows == 1
        }
    }

    public func removeBranch(_ branch: OfficeID) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            try connection.transaction("remove branch") { () throws(StoreError) in
                try end(StreamID(from: .head, to: branch), connection)
                return try connection.query(Statements.removeBranch, [branch.description]).affectedRows == 1
            }
        }
    }

    private static func branches(_ result: PostgresResult) -> [Branch] {
        (0..<result.rowCount).compactMap { row in
            OfficeID(result.text(row, 0)).map {
                Branch(id: $0, brokerUser: result.text(row, 1), isSuspended: result.flag(row, 2))
            }
        }
    }
}
