/// Whether an office stores what others send of a table.
public enum TableAcceptance: Hashable, Sendable {
    case accepted
    /// Its configuration names others.
    case unlisted
    /// It writes the table itself.
    case written
    /// It shares the table with others.
    /// - Parameter policy: ``ConflictPolicy/description`` of its own configuration.
    case shared(policy: String)

    /// Whether rows that are not taken are kept all the same, one by one: those of an `up` table that a head has only to list.
    public func keepsRows(of mapping: TableMapping) -> Bool {
        self == .unlisted && mapping.isAtHead && mapping.conflict == nil
    }

    private var isShared: Bool {
        if case .shared = self { true } else { false }
    }

    /// Why no row is stored, as both ends see it, with the way out; nil: rows are.
    public func refusal(of mapping: TableMapping) -> String? {
        let table = mapping.target
        if case .shared(let policy) = self, let theirs = mapping.conflict {
            guard policy != theirs else { return nil }
            let (head, branch) = mapping.isAtHead ? (policy, theirs) : (theirs, policy)
            return
                "table \"\(table)\" has the conflict policy \(head) at the head, and \(branch) at the branch; give it one at both ends"
        }
        if mapping.conflict != nil || isShared {
            let (here, there) = (isShared ? "shared" : "not shared", mapping.conflict == nil ? "not shared" : "shared")
            let (head, branch) = mapping.isAtHead ? (here, there) : (there, here)
            return
                "table \"\(table)\" is \(head) at the head, and \(branch) at the branch; give it one direction at both ends"
        }
        switch (self, mapping.isAtHead) {
        case (.accepted, _), (.shared, _): return nil
        case (.unlisted, true):
            return "table \"\(table)\" is not among the tables of this office's configuration"
        case (.unlisted, false):
            return
                "table \"\(table)\" is \"down\" at the head, and this branch does not take it; list it under tables: at the branch with \"direction: down\", or not at the head"
        case (.written, true):
            return
                "table \"\(table)\" is \"down\" at the head, which writes it, and \"up\" at the branch; give it one direction at both ends"
        case (.written, false):
            return
                "table \"\(table)\" is \"up\" at the branch, which writes it, and \"down\" at the head; give it one direction at both ends"
        }
    }
}
