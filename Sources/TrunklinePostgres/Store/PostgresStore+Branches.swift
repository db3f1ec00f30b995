public import TrunklineCore

extension PostgresStore {
    public func addBranch(_ branch: OfficeID, brokerUser: String) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            do throws(StoreError) {
                return try connection.query(Statements.addBranch, [branch.description, brokerUser]).flag(0, 0)
            } catch {
                guard error.databaseCode == "23505" else { throw error }
                throw .userTaken(brokerUser, branch: branch)
            }
        }
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
            try connection.query(Statements.removeBranch, [branch.description]).affectedRows == 1
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
