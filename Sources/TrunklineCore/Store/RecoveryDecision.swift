/// What becomes of a recovery when the last round of its verification came, decided from the state and the result alone.
public enum RecoveryDecision: Hashable, Sendable {
    /// Someone has to decide first.
    case wait
    /// Both sides agree, or it does not get better: it has ended.
    case finish
    /// What differs becomes pending, and is compared again.
    case mark(next: RecoveryMode, passes: Int)
    /// The sender's rows that differ are put aside, and both sides are compared again.
    case yield(next: RecoveryMode)

    /// A recovery that goes on differing (rows that the receiver sets aside, say) ends after so many comparisons.
    static let maximalPasses = 10

    /// - Parameter passes: comparisons after which something was sent.
    public static func decide(_ mode: RecoveryMode, passes: Int, result: VerificationResult) -> RecoveryDecision {
        switch mode {
        case .compare: .wait
        case .keepBranch, .resend:
            result.agrees || passes >= maximalPasses ? .finish : .mark(next: mode, passes: passes + 1)
        case .keepHead:
            .yield(next: result.tables.contains(where: \.isTruncated) ? .keepHead : .resend)
        }
    }
}
