import Foundation

/// What all writers of a run have committed.
struct Ledgers: Sendable {
    /// By branch.
    var tills: [String: Till.Book] = [:]
    var clerk = Clerk.Book()
    /// Of the shared tables, by office.
    var editors: [String: Editor] = [:]

    /// By office.
    var tallies: [String: WriterTally] {
        tills.mapValues(\.tally).merging(["head": clerk.tally]) { $1 }
    }

    /// What was written to the shared tables, a line a row, in each office's order.
    func writeEdits(to file: String) throws {
        let lines = editors.sorted { $0.key < $1.key }.flatMap { office, editor in
            editor.writes.map { write in
                let (before, after) = (write.before?.joined(separator: "|"), write.after?.joined(separator: "|"))
                return "\(office) \(write.table) \(write.key): \(before ?? "none") -> \(after ?? "none")\n"
            }
        }
        try lines.joined().write(toFile: file, atomically: false, encoding: .utf8)
    }
}
