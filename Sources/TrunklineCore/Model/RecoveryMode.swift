/// How a stream comes together again after one of its databases was restored from a backup.
public enum RecoveryMode: String, Hashable, Sendable, Codable {
    /// Both sides are compared; no row travels until someone decides. Next: `keepBranch` or `keepHead`.
    case compare
    /// The sender's state wins. The receiver keeps each row that it replaces or drops in `superseded_row`. Next: none.
    case keepBranch = "keep-branch"
    /// The receiver's rows stay as they are; no row travels until the sender has put its own aside. Next: `resend`.
    case keepHead = "keep-head"
    /// The sender sends what differs. Next: none.
    case resend

    /// Whether changes travel meanwhile.
    public var sendsChanges: Bool {
        switch self {
        case .compare, .keepHead: false
        case .keepBranch, .resend: true
        }
    }
}
