internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func status() async throws(StoreError) -> [StreamStatus] {
        try await lookAtCapture(for: "status")
        return try await read("status", location.path) { db in
            _ = try Office.read(db, operation: "status")
            return try StatusReport.sending(db) + StatusReport.receiving(db)
        }
    }

    /// Takes the write lock and lets it go, waiting as long for it as the services do.
    public func probe() async throws(StoreError) {
        do {
            try await write("probe", location.path, durably: false) { _ in }
        } catch  where error.code == .contention {
            throw StoreError(
                .unreachable, operation: "probe", subject: location.path,
                reason: "another program has held the lock on the file for seconds (\(error.reason))",
                hint: "let it end its transaction")
        }
    }

    public func tablesHoldingRows(
        of branch: OfficeID, besides tables: [TableName]
    ) async throws(StoreError) -> [TableName] {
        let known = Set(tables.map { $0.inSQLite.lowercased() })
        return try await read("look for rows", "branch \"\(branch)\"") { db in
            try Target.tables(db).filter { table in
                try !known.contains(table.inSQLite.lowercased())
                    && Bool.fetchOne(
                        db,
                        sql: "SELECT EXISTS (SELECT 1 FROM \(TableName.quoted(table.inSQLite)) WHERE branch_id = ?)",
                        arguments: [branch.description])!
            }.sorted()
        }
    }

    public func rows(of table: TableName, matching filter: RowFilter) async throws(StoreError) -> RowListing {
        try await lookAtCapture(for: "rows")
        return try await read("rows", "table \"\(table)\"") { db in
            let office = try Office.read(db, operation: "rows")
            let isHead = office.role == .head
            let own = try SyncedTable.all(db)
            let mine = own.first { $0.name == table }
            let synced = own.map(\.name) + (try Target.tables(db))
            let standing = try Capture.standingTables(db).first { $0.table == table }
            guard synced.contains(table), let shape = try TableKind.find(table.inSQLite, in: db).shape else {
                if mine == nil, let listing = try RowQuery.setAsideAlone(table, filter, db) { return listing }
                guard let standing else { throw StoreError.notSynced(table, synced: synced) }
                throw StoreError(
                    .table, operation: "rows", subject: "table \"\(table)\"", reason: standing.reason)
            }
            let query = RowQuery(table: table, shape: shape, filter: filter, isHead: isHead, db: db)
            var listing = try mine.map { try query.ofThisOffice($0) } ?? query.ofOthers()
            listing.standing = standing?.reason
            if mine != nil, filter.states.contains(.setAside) {
                listing.add(try query.linesOfOthers(), atMost: filter.limit)
            }
            return listing
        }
    }
}
