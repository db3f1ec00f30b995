internal import GRDB
internal import TrunklineCore

extension SyncedTable {
    /// Why a table's name is not written as the database has it. One that an earlier version took stays what it is.
    static func misspelling(of table: TableName, _ kind: TableKind, _ db: Database) throws -> String? {
        guard let real = kind.shape?.name, real != table.inSQLite else { return nil }
        if try db.tableExists("trunkline_synced_table"), try ids(db).contains(where: { $0.name == table }) {
            return nil
        }
        return "table \"\(table.inSQLite)\" is called \"\(real)\" here, and the head tells them apart; write it so"
    }
}
