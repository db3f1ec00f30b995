import Synchronization

/// Columns that tables are to get before a batch is stored: whoever reads such a table waits while it gets them, and so not for
/// all that the batch does besides.
final class ColumnAdding: Sendable {
    struct Wish {
        var table: TableName
        var columns: [Column]
    }

    private struct State {
        var wish: Wish?
        /// Of the tables that were seen to: why one did not get them.
        var outcomes: [TableName: String?] = [:]
    }

    private let state = Mutex(State())

    /// - Returns: why the table has them not.
    /// - Throws: where it is to get them first: all is to be undone, and done again after that.
    func add(_ columns: [Column], to table: TableName) throws(StoreError) -> String? {
        let outcome = state.withLock { state -> String?? in
            if let outcome = state.outcomes[table] {
                return outcome ?? "its columns change; it is tried again by itself"
            }
            state.wish = Wish(table: table, columns: columns)
            return nil
        }
        if let outcome { return outcome }
        throw StoreError(
            .program, operation: "add columns", subject: "table \"\(table)\"", reason: "they are added first")
    }

    /// What was asked for since the last call; nil: nothing.
    func takeWish() -> Wish? {
        state.withLock { state in
            defer { state.wish = nil }
            return state.wish
        }
    }

    /// - Parameter refusal: why it did not get them; nil: it did.
    func note(_ wish: Wish, refusal: String?) { state.withLock { $0.outcomes[wish.table] = .some(refusal) } }
}
