/// Mending what a verification found, at the sender.
public protocol RepairStore: Sendable {
    /// Makes these keys pending for the receiver of a stream, whether a row of them is here or not: what is here travels as a row, what is not as a
    /// delete. Twice is as good as once.
    /// - Parameter keys: as the receiver named them in a ``VerificationResult``.
    /// - Throws: `.table` when the table is not synced here.
    func sendAgain(_ keys: [RowKey], of table: TableName, in stream: StreamID) async throws(StoreError)
}

extension StoreError {
    /// What `sendAgain` says of a table of which this office has none.
    public static func notRepairable(_ table: TableName) -> StoreError {
        StoreError(
            .table, operation: "repair", subject: "table \"\(table)\"", reason: "it is not a synced table",
            hint: "add it to tables and run trunkline init")
    }
}
