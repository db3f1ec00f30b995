internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func addBranch(_ branch: OfficeID, brokerUser: String) async throws(StoreError) -> Bool {
        let isNew = try await write("addBranch", branch.description) { db in
            let office = try Office.read(db, operation: "addBranch")
            guard office.role == .head else {
                throw StoreError(
                    .configuration, operation: "addBranch", subject: branch.description,
                    reason: "this database is the branch \(office.id)'s", hint: "add branches at the head")
            }
            let isTaken = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_branch WHERE broker_user = ? AND id <> ?)",
                arguments: [brokerUser, branch.description])!
            guard !isTaken else { throw StoreError.userTaken(brokerUser, branch: branch) }
            try db.execute(
                sql: "UPDATE trunkline_branch SET broker_user = ? WHERE id = ?",
                arguments: [brokerUser, branch.description])
            guard db.changesCount == 0 else { return false }
            try db.execute(
                sql: "INSERT INTO trunkline_branch (id, broker_user) VALUES (?, ?)",
                arguments: [branch.description, brokerUser])
            let synced = try SyncedTable.all(db)
            let stream = StreamID(from: .head, to: branch)
            // What it joined before is nobody's any more.
            try db.execute(
                sql: "UPDATE trunkline_inbound SET joined = '[]' WHERE stream = ?",
                arguments: [StreamID(from: branch, to: .head).description])
            if !synced.isEmpty, try Outbound.start(stream, db) {
                // A branch says when it has joined a shared table.
                try TableLoad.begin(synced.filter { $0.conflict == nil }, isNew: true, for: stream, db)
            }
            return true
        }
        if isNew { _ = try await countLoads() }
        return isNew
    }

    public func branch(_ id: OfficeID) async throws(StoreError) -> Branch? {
        try await read("branch", id.description) { db in
            try Row.fetchOne(db, sql: "SELECT * FROM trunkline_branch WHERE id = ?", arguments: [id.description])
                .flatMap(Self.branch)
        }
    }

    public func branches() async throws(StoreError) -> [Branch] {
        try await read("branches", location.path) { db in
            try Row.fetchAll(db, sql: "SELECT * FROM trunkline_branch ORDER BY id").compactMap(Self.branch)
        }
    }

    public func setSuspended(_ isSuspended: Bool, branch: OfficeID) async throws(StoreError) -> Bool {
        try await write("setSuspended", branch.description) { db in
            try db.execute(
                sql: "UPDATE trunkline_branch SET suspended = ? WHERE id = ?",
                arguments: [isSuspended, branch.description])
            return db.changesCount > 0
        }
    }

    public func removeBranch(_ branch: OfficeID) async throws(StoreError) -> Bool {
        let wasThere = try await write("removeBranch", branch.description) { db in
            try db.execute(sql: "DELETE FROM trunkline_branch WHERE id = ?", arguments: [branch.description])
            let wasThere = db.changesCount > 0
            if wasThere { try Outbound.end(StreamID(from: .head, to: branch), db) }
            return wasThere
        }
        // Lines of the log that are for nobody any more: those that a crash leaves are found by the next one who prunes.
        if wasThere { _ = try await pruneShared() }
        return wasThere
    }

    private static func branch(_ row: Row) -> Branch? {
        OfficeID(row["id"]).map { Branch(id: $0, brokerUser: row["broker_user"], isSuspended: row["suspended"]) }
    }
}
