internal import GRDB
internal import TrunklineCore

/// A route or a condition of a table that fails for one of its rows: it holds up its table, until that is tried again, and
/// nothing else.
struct ReadingProblem: Error {
    /// In seconds.
    private static let pause = 30

    var table: SyncedTable
    var reason: String

    /// Nil: the error says nothing about the table's rows.
    init?(_ error: any Error, _ table: SyncedTable) {
        guard !RowScope(table: table).conditions(for: "head").isEmpty, let error = error as? DatabaseError,
            [.SQLITE_ERROR, .SQLITE_TOOBIG, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT].contains(error.resultCode)
        else { return nil }
        self.table = table
        reason = ShortReason.text(error.message ?? "\(error)")
    }

    var standstill: String { SyncedTable.standstill(of: table.name, becauseOf: reason) }

    func record(_ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_synced_table SET reading_problem = ?, read_again_at = \(Timestamp.inSeconds("\(Self.pause)"))
                WHERE id = ?
                """, arguments: [reason, table.id])
    }

    static func forget(_ table: SyncedTable, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_synced_table SET reading_problem = NULL WHERE id = ?", arguments: [table.id])
    }

    /// Runs a reading of a table's rows.
    /// - Throws: ``ReadingProblem`` when the table's rule failed.
    static func isolate<Value>(_ table: SyncedTable, _ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch {
            throw ReadingProblem(error, table) ?? error
        }
    }
}
