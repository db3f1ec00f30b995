import Synchronization

/// Columns that a batch's tables are to get before it is stored: whoever reads such a table waits while it gets them, and so not
/// for all that the batch does besides.
final class ColumnAdding: Sendable {
    private struct State {
        var wanted: [TableName: [Column]] = [:]
        /// Why a table did not get them.
        var refused: [TableName: String] = [:]
        var isOver = false
    }

    private let state = Mutex(State())

    var wanted: [TableName: [Column]] { state.withLock { $0.wanted } }

    /// - Returns: why the table has them not.
    /// - Throws: where it is to get them first: all is to be undone, and tried again after that.
    func add(_ columns: [Column], to table: TableName) throws(StoreError) -> String? {
        let refusal = state.withLock { state -> String? in
            if let reason = state.refused[table] { return reason }
            if state.isOver { return "columns of it are being added; it is tried again by itself" }
            state.wanted[table] = columns
            return nil
        }
        if let refusal { return refusal }
        throw StoreError(
            .program, operation: "add columns", subject: "table \"\(table)\"", reason: "they are added first")
    }

    func end(refused: [TableName: String]) {
        state.withLock {
            $0.refused = refused
            $0.isOver = true
        }
    }
}
