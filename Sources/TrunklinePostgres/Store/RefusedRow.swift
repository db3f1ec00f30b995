internal import TrunklineCore

/// A row that cannot travel.
struct RefusedRow: Sendable {
    var table: TableName
    /// As JSON, like a ``RowKey``; what cannot be said in UTF-8 is escaped.
    var key: String
    var reason: String
}
