/// What becomes of a recovery when the last round of its verification came, decided from the state and the result alone.
public enum RecoveryDecision: Hashable, Sendable {
    /// Someone has to decide first.
    case wait
    /// Both sides agree: it has ended.
    case finish
    /// They still differ, and it does not get better: it has ended all the same.
    case giveUp
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
            if result.tables.allSatisfy(\.agrees) {
                .finish
            } else if passes >= maximalPasses
                || passes > 0 && result.tables.allSatisfy({ $0.agrees || $0.problem != nil })
            {
                // What cannot be compared was sent whole, and does not agree by being sent once more.
                .giveUp
            } else {
                .mark(next: mode, passes: passes + 1)
            }
        case .keepHead:
            .yield(next: result.tables.contains(where: \.mayHideRowsOfTheReceiver) ? .keepHead : .resend)
        }
    }
}

extension TableResult {
    /// Whether keys that the receiver has may be among those that are not listed; they are listed first.
    fileprivate var mayHideRowsOfTheReceiver: Bool {
        isTruncated && differingKeys.contains { $0.kind != .onlyAtSender }
    }
}
