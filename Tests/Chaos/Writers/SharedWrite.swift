/// A row of a shared table that somebody changed, in a transaction that was committed, and what it was before.
struct SharedWrite: Sendable {
    var table: SharedTable
    var key: Int
    /// nil: there was no row.
    var before: [String]?
    /// nil: there is none.
    var after: [String]?
}
