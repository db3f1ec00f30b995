/// Who may speak for which branch: decides from the message's verified sender, a broker user, and the head's record of
/// the branch.
///
/// What the transport has verified is the one property that a sender cannot make up. Records are remembered for a
/// second: a suspended branch is refused that much later, and no batch costs a query of its own.
struct SenderCheck: Sendable {
    private static let remembered = Duration.seconds(1)
    /// Nobody else gets through a transport that is as it should be, so that there are no more names than branches.
    private static let most = 10_000

    private var records: [OfficeID: (branch: Branch?, until: ContinuousClock.Instant)] = [:]

    func knows(_ branch: OfficeID, at now: ContinuousClock.Instant) -> Bool {
        records[branch].map { now < $0.until } ?? false
    }

    /// - Parameter branch: nil: nobody added it.
    mutating func remember(_ branch: Branch?, as id: OfficeID, at now: ContinuousClock.Instant) {
        if records.count >= SenderCheck.most { records = [:] }
        records[id] = (branch, now + SenderCheck.remembered)
    }

    /// - Returns: why the message must not be taken; nil when its sender is who it says.
    func refusal(of delivery: Delivery, from id: OfficeID) -> WireError? {
        guard let branch = records[id]?.branch else {
            return WireError(.forged, "no branch \(id) is known here")
        }
        guard let user = delivery.verifiedSender else {
            return WireError(.forged, "a message for \(id) names no broker user")
        }
        guard user == branch.brokerUser else {
            return WireError(.forged, "broker user \"\(user.prefix(255))\" may not speak for \(id)")
        }
        guard !branch.isSuspended else { return WireError(.suspended, "branch \(id) is suspended") }
        return nil
    }
}
