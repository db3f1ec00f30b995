internal import TrunklineCore
internal import Yams

/// Reads how conflicts over a shared table are decided: the name of a policy, or a mapping.
struct ConflictReader {
    static let example = "conflict: last-writer-wins"

    private enum Key: String, CaseIterable {
        case policy, delta, then
    }

    private let subject: String
    private(set) var problems: [String] = []

    init(of subject: String) { self.subject = subject }

    private static let names = ConflictPolicy.Whole.allCases.map(\.rawValue) + [ConflictPolicy.mergeColumns]

    /// - Returns: nil when what is there is none.
    mutating func read(_ node: Node) -> ConflictPolicy? {
        if let mapping = node.mapping { return read(mapping) }
        guard let text = node.text?.trimmed, !text.isEmpty else {
            note("is neither a policy nor a mapping; write \(Self.example)")
            return nil
        }
        if text == ConflictPolicy.mergeColumns { return ConflictPolicy(.lastWriterWins, columns: .init()) }
        if text == ConflictPolicy.delta {
            note("delta names its columns; write conflict: {delta: [stock]}")
            return nil
        }
        guard let whole = ConflictPolicy.Whole(rawValue: text) else {
            note("\(InvalidSetting.notOneOf(Self.names + [ConflictPolicy.delta], text))")
            return nil
        }
        return ConflictPolicy(whole)
    }

    /// `{policy: merge-columns, then: head-wins}`, `{delta: [stock], then: manual}`
    private mutating func read(_ mapping: Node.Mapping) -> ConflictPolicy? {
        var fields = TableFields<Key>(mapping, of: subject)
        fields.noteUnknownKeys()
        let policy = fields.text(.policy)
        let then = fields.choice(.then, of: ConflictPolicy.Whole.self) ?? .lastWriterWins
        var result: ConflictPolicy?
        if let delta = fields[.delta] {
            if policy != nil { fields.note("delta is a policy of its own; leave policy out") }
            let columns = (delta.sequence.map(Array.init) ?? [delta]).compactMap { $0.text?.trimmed }
            if columns.isEmpty || columns.contains(where: \.isEmpty) {
                fields.note("takes the columns whose differences are added; write delta: [stock]", of: .delta)
            } else if Set(columns).count < columns.count {
                fields.note("names a column twice", of: .delta)
            } else {
                result = ConflictPolicy(then, columns: .init(added: columns.sorted()))
            }
        } else if policy == ConflictPolicy.mergeColumns {
            result = ConflictPolicy(then, columns: .init())
        } else if let policy, let whole = ConflictPolicy.Whole(rawValue: policy) {
            if fields[.then] != nil { fields.note("then goes with merge-columns or delta; leave it out") }
            result = ConflictPolicy(whole)
        } else if let policy {
            fields.note(InvalidSetting.notOneOf(Self.names, policy), of: .policy)
        } else {
            fields.note("has neither policy nor delta; write \(Self.example)")
        }
        problems += fields.problems
        return fields.problems.isEmpty ? result : nil
    }

    private mutating func note(_ problem: String) { problems.append("\(subject): \(problem)") }
}
