/// What all writers of a run have committed.
struct Ledgers: Sendable {
    /// By branch.
    var tills: [String: Till.Book] = [:]
    var clerk = Clerk.Book()

    /// By office.
    var tallies: [String: WriterTally] {
        tills.mapValues(\.tally).merging(["head": clerk.tally]) { $1 }
    }
}
