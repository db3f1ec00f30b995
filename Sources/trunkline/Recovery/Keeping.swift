import TrunklineCore

/// Whose rows win after a restore, as people decide it.
enum Keeping: Hashable, Sendable {
    case branch, head

    /// The engine knows a sender and a receiver, and its modes bear the names that they have at a branch: in
    /// ``RecoveryMode/keepBranch`` the sender's state wins, in ``RecoveryMode/keepHead`` the receiver's rows stay.
    func mode(at role: OfficeRole) -> RecoveryMode {
        switch (self, role) {
        case (.branch, .branch), (.head, .head): .keepBranch
        case (.head, .branch), (.branch, .head): .keepHead
        }
    }
}
