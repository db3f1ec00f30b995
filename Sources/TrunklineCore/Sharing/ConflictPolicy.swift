/// How the head decides where two offices changed a shared row without knowing of each other.
public struct ConflictPolicy: Hashable, Sendable {
    /// What decides over a whole row, or over what columns alone cannot decide.
    public enum Whole: String, Hashable, Sendable, Codable, CaseIterable {
        /// The later version stands.
        case lastWriterWins = "last-writer-wins"
        case headWins = "head-wins"
        case branchWins = "branch-wins"
        /// The head's row stays as it is, until somebody decides.
        case manual
    }

    /// Over rows, or over what ``columns`` leaves open.
    public var whole: Whole
    /// Columns are looked at one by one; nil: each row is taken whole.
    public var columns: Columns?

    public struct Columns: Hashable, Sendable, Codable {
        /// Numbers whose differences are added.
        public var added: [String]

        public init(added: [String] = []) { self.added = added }
    }

    public init(_ whole: Whole, columns: Columns? = nil) {
        self.whole = whole
        self.columns = columns
    }

    /// Whose row stands where both had one before they shared it: nobody knows when the branch wrote its own.
    public var standsAtJoin: Conflict.Outcome {
        switch whole {
        case .headWins, .lastWriterWins: .head
        case .branchWins: .branch
        case .manual: .waiting
        }
    }

    /// Whether a branch keeps the image of a row that it changes, until the head has answered.
    public var needsBase: Bool { columns != nil }
}

extension ConflictPolicy: Codable, CustomStringConvertible {
    /// The name of a policy of its own for columns.
    public static let mergeColumns = "merge-columns"
    /// The name of the policy that adds differences.
    public static let delta = "delta"

    /// As the configuration says it in one line: `last-writer-wins`, `merge-columns then head-wins`, `delta [stock] then manual`.
    public var description: String {
        guard let columns else { return whole.rawValue }
        let name =
            columns.added.isEmpty ? Self.mergeColumns : "\(Self.delta) [\(columns.added.joined(separator: ", "))]"
        return "\(name) then \(whole.rawValue)"
    }
}
