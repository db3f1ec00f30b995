/// A row that the branch says without having changed it, or changed before the head knew of it.
extension SharedChange {
    /// Where both have it alike, all is well. Else the version that is newer stands, as far as the branch knows one: it was
    /// made of the other one, or the head has forgotten it with a restore. Where it knows none, two rows meet that never
    /// knew of each other.
    func join() -> Decision {
        guard !isSame else {
            // So that what is older elsewhere is known for it, also where a delete was forgotten.
            return Decision(version: state.version == nil ? stamp.version.flatMap(credible) : nil, answers: false)
        }
        guard let version = stamp.version else { return theirs == nil ? Decision(answers: false) : joinUnknown() }
        if isForgotten(version) { return joinUnknown() }
        // The same row; the two databases may write its values in two ways.
        guard state.version != version else { return Decision(answers: true) }
        // One of a clock that is off is not newer by that, but where nobody contradicts.
        let isUnopposed = present == nil && state.version == nil
        let isNewer = isUnopposed || credible(version) != nil && state.version.map { $0 < version } ?? true
        guard isNewer else {
            // A delete from before is nothing that yields, nor is a row from before: the head had it so once. It had not what only
            // a clock that is off keeps from winning.
            let isFromBefore = state.version.map { version < $0 } ?? false
            guard theirs != nil, wasRestored || !isFromBefore else { return Decision(answers: true) }
            return Decision(conflict: record(kind: .join, .head, base: nil, differing), answers: true)
        }
        let taken = ownVersion(for: version)
        let conflict = present != nil ? record(kind: .join, .branch, base: nil, differing) : nil
        return Decision(action: .theirs, version: taken, conflict: conflict, answers: true)
    }

    /// Nobody knows when the branch wrote it: any version that the head knows is newer.
    func joinUnknown() -> Decision {
        // It may be for another branch.
        guard present != nil || state.version != nil else { return Decision(action: .theirs, answers: true) }
        // A delete takes no row that it knows nothing of.
        guard theirs != nil else { return Decision(version: versionWhereNone, answers: true) }
        let winner = winner(nil)
        let conflict = record(kind: .join, winner, base: nil, differing)
        guard winner == .branch else {
            return Decision(version: versionWhereNone, conflict: conflict, answers: true)
        }
        let taken = RowVersion.next(at: .head, now: now, after: state.version)
        return Decision(action: .theirs, version: taken, conflict: conflict, answers: true)
    }

    /// Whether the head knew the row by a version, and has forgotten it since it shared the table no more for a while.
    func isForgotten(_ version: RowVersion) -> Bool { state.version == nil && version.clock < sharedSince }

    /// A change from before: what is at the head since is none that the branch knew of, nor is its base.
    func joinForgotten(_ base: RowBase, _ version: RowVersion) -> Decision {
        guard !isSame, present != nil, theirs != nil else {
            return isSame || present != nil ? keep(base, version, stands: isSame) : store(base, version)
        }
        if policy.needsBase, let known = baseImage(base), let theirs, let present {
            var decision = joinMerged(known, present, theirs, base, version)
            // It may have been counted before the head forgot so.
            decision.conflict = decision.conflict ?? record(kind: .join, .branch, base: known, differing)
            return decision
        }
        let winner = winner(nil)
        let conflict = record(kind: .join, winner, base: nil, differing)
        var decision = winner == .branch ? store(base, version) : keep(base, version, stands: false)
        decision.conflict = conflict
        return decision
    }

    /// Where the branch knows what it changed, its difference counts, whatever the head knows of the row.
    func joinMerged(
        _ known: ColumnMerge.PartialImage, _ present: [String?], _ theirs: [String?], _ base: RowBase,
        _ version: RowVersion
    ) -> Decision {
        if isAlike(known, present) { return store(base, version) }
        var decision = merge(known, present, theirs, base, version)
        if isSame, decision.action == nil { return decision }
        decision.conflict = decision.conflict ?? record(kind: .join, .merged, base: known, differing)
        decision.conflict?.kind = .join
        return decision
    }
}
