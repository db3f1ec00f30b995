/// What the head knows of a shared row when a branch's line of it comes.
public struct SharedRowState: Hashable, Sendable {
    /// Of the row that is there, or of its delete; nil: it was not changed since its table is shared.
    public var version: RowVersion?
    /// The last change of this branch that was looked at.
    public var applied: AppliedChange?

    public init(version: RowVersion? = nil, applied: AppliedChange? = nil) {
        self.version = version
        self.applied = applied
    }
}

/// The last change of a branch that the head has looked at, of one row.
///
/// A branch's changes all stand on the same base until it takes the head's answer. So that each difference counts once,
/// however often and in whichever pieces it came, the next one is measured from what was looked at last.
public struct AppliedChange: Hashable, Sendable, Codable {
    public var base: RowBase
    /// Of its version.
    public var clock: Int64
    /// The branch's image, where the table's policy needs it; nil also of a delete.
    public var image: [String: String?]?
    /// Whether it left the branch without a row.
    public var isDelete: Bool
    /// The version of the head's row while that is as the branch's; nil: the branch's image yielded, in part or in all.
    public var standing: RowVersion?

    public init(
        base: RowBase, clock: Int64, image: [String: String?]?, isDelete: Bool, standing: RowVersion?
    ) {
        self.base = base
        self.clock = clock
        self.image = image
        self.isDelete = isDelete
        self.standing = standing
    }
}

/// A line of a branch, of a shared table, and what the head decides over it: a value, made of nothing but what is given.
struct SharedChange {
    let table: TableName
    let key: RowKey
    let branch: OfficeID
    let columns: [MergedColumn]
    let policy: ConflictPolicy
    let stamp: RowStamp
    /// The branch's row; nil: it is deleted there.
    let theirs: [String?]?
    /// The head's row.
    let present: [String?]?
    /// By column: the storage class of a value of either one that does not fit its type.
    var misfits: (theirs: [String: String], present: [String: String]) = ([:], [:])
    let state: SharedRowState
    /// The head's wall clock, in milliseconds.
    let now: Int64
    /// By how much a branch's clock may be ahead.
    let tolerance: Int64
    /// Whether the branch's clock is known to be off.
    let isClockOff: Bool
    /// Whether one end may have forgotten what the other one knows.
    let wasRestored: Bool
    /// Whether one just did.
    let isRecovering: Bool
    /// Since when the head shares the table: what it knew of rows before, it has forgotten.
    let sharedSince: Int64

    struct Decision {
        /// What is stored; nil: nothing.
        var action: Action?
        /// Of the head's row from now on; nil: it stays.
        var version: RowVersion?
        /// What is remembered of the branch's change; nil: nothing new.
        var applied: AppliedChange?
        /// What somebody will want to know of.
        var conflict: Conflict?
        /// The branch is told even if nothing was stored.
        var answers: Bool
    }

    enum Action {
        /// The branch's line, as it is.
        case theirs
        /// With the storage classes of values that do not fit their types.
        case image([String?], misfits: [String: String])
    }

    func decide() -> Decision {
        var decision = decideOrdinarily()
        if decision.conflict == nil, isRecovering, mayHaveForgotten(decision) {
            let outcome: Conflict.Outcome =
                switch decision.action {
                case .theirs?: .branch
                case .image?: .merged
                case nil: .head
                }
            decision.conflict = record(kind: .join, outcome, base: stamp.base.flatMap { baseImage($0) }, differing)
        }
        decision.conflict?.resultVersion = decision.version ?? state.version
        return decision
    }

    /// Whether the head's row may have in it what one end has forgotten, so that nobody can tell what is the change: a branch
    /// that was restored to a change which is not answered, and went on from there; or a head that got back from another
    /// branch what it had merged.
    func mayHaveForgotten(_ decision: Decision) -> Bool {
        guard let base = stamp.base, let version = stamp.version, !isSame else { return false }
        if let applied = state.applied, applied.base == base { return version.clock > applied.clock }
        guard policy.columns?.added.isEmpty == false, case .image? = decision.action, let known = state.version else {
            return false
        }
        return known.office == .head && base.version.map { $0 < known } ?? true
    }

    func decideOrdinarily() -> Decision {
        guard let version = stamp.version, let base = stamp.base else { return join() }
        if let applied = state.applied, applied.base == base, version.clock <= applied.clock {
            return replay(isOlder: version.clock < applied.clock)
        }
        let isFresh = state.applied.map { $0.base != base } ?? true
        // A head that was restored got back from elsewhere what this branch had made of the row before.
        if isFresh, isOwn(base, version) { return store(base, version) }
        // A row that came and went at the branch.
        let wasAbsent = isFresh ? base.wasAbsent : state.applied?.isDelete == true
        if theirs == nil, wasAbsent { return keep(base, version, stands: present == nil) }
        if isFresh, stamp.isJoining, base.version == nil, !base.wasAbsent, let present {
            let isAlike = isAlike(baseImage(base), present)
            if isAlike { return store(base, version) }
            if policy.needsBase, let known = baseImage(base), let theirs {
                return joinMerged(known, present, theirs, base, version)
            }
            return isSame ? keep(base, version, stands: true) : whole(base, version, kind: .join)
        }
        if base.version != nil || !base.wasAbsent, isForgotten(version) { return joinForgotten(base, version) }
        let isUnopposed =
            isFresh
            ? base.version == state.version && base.wasAbsent == (present == nil)
            : state.version != nil && state.applied?.standing == state.version
        // Nobody at the head knows of a row, or of a delete: it never had one, or was restored.
        let isUnknown = present == nil && state.version == nil
        let isNew = present == nil && base.wasAbsent && isFresh
        if isUnopposed || isNew || isUnknown {
            var decision = store(base, version)
            // Who else deleted it, and says so once more, was not known of.
            if isUnknown, base.version != nil { decision.conflict = record(kind: .join, .branch, base: nil, []) }
            return decision
        }
        if policy.needsBase, let known = baseImage(base), let theirs, let present {
            return merge(known, present, theirs, base, version)
        }
        if isSame { return keep(base, version, stands: true) }
        return whole(base, version, kind: kind(base, isFresh))
    }

    /// A change that was looked at before, or one from before: in a batch that came late, or as a restored branch says it again.
    func replay(isOlder: Bool) -> Decision {
        guard isOlder, wasRestored else { return Decision(answers: true) }
        // So that it is told of the row itself: its own is another one.
        var applied = isRecovering ? state.applied : nil
        applied?.standing = nil
        return Decision(
            applied: applied, conflict: isSame ? nil : record(kind: .join, .head, base: nil, differing), answers: true)
    }

    // MARK: The branch's image stands

    func store(_ base: RowBase, _ version: RowVersion) -> Decision {
        guard !isSame else { return keep(base, version, stands: true) }
        let taken = ownVersion(for: version)
        return Decision(
            action: .theirs, version: taken, applied: applied(base, version, standing: taken), answers: true)
    }

    /// The branch's version, unless it is of a clock that is off, or not after what it replaces.
    func ownVersion(for version: RowVersion) -> RowVersion {
        let isCredible = version.clock <= now + tolerance && !isClockOff
        guard isCredible, state.version.map({ $0 < version }) ?? true else {
            return .next(at: .head, now: now, after: state.version)
        }
        return version
    }

    /// The head's row stays as it is. It has a version from now on, so that a later change of what the branch had is one of
    /// another row.
    /// - Parameter stands: whether it is as the branch's.
    func keep(_ base: RowBase, _ version: RowVersion, stands: Bool) -> Decision {
        // A row that came and went at the branch leaves nothing behind.
        if theirs == nil, present == nil, state.version == nil, base.wasAbsent {
            return Decision(applied: applied(base, version, standing: nil), answers: true)
        }
        // Alike, it is the branch's, of the time when it was written there.
        let given = state.version == nil && stands ? ownVersion(for: version) : versionWhereNone
        let standing = state.version ?? given
        return Decision(
            version: given, applied: applied(base, version, standing: stands ? standing : nil),
            answers: true)
    }

    // MARK: Both changed it

    func merge(
        _ base: ColumnMerge.PartialImage, _ present: [String?], _ theirs: [String?], _ rowBase: RowBase,
        _ version: RowVersion
    ) -> Decision {
        let merge = ColumnMerge(columns, adding: policy.columns?.added ?? [])
        var result = merge.merge(base: base, head: present, branch: theirs)
        var conflict: Conflict?
        if !result.open.isEmpty {
            let winner = winner(version)
            if winner == .branch { for index in result.open { result.image[index] = theirs[index] } }
            let outcome: Conflict.Outcome =
                if winner == .waiting {
                    .waiting
                } else if merge.isSame(result.image, present) {
                    .head
                } else if merge.isSame(result.image, theirs) {
                    .branch
                } else {
                    .merged
                }
            conflict = record(kind: .update, outcome, base: base, result.open)
        }
        guard !merge.isSame(result.image, present) else {
            var decision = keep(rowBase, version, stands: merge.isSame(theirs, present))
            decision.conflict = conflict
            return decision
        }
        let taken = RowVersion.next(at: .head, now: now, after: state.version, credible(version))
        let stands = merge.isSame(result.image, theirs)
        return Decision(
            action: stands ? .theirs : .image(result.image, misfits: misfits(of: result.image, theirs)), version: taken,
            applied: applied(rowBase, version, standing: stands ? taken : nil), conflict: conflict, answers: true)
    }

    func credible(_ version: RowVersion) -> RowVersion? {
        isClockOff || version.clock > now + tolerance ? nil : version
    }

    func whole(_ base: RowBase, _ version: RowVersion, kind: Conflict.Kind) -> Decision {
        let winner = winner(version)
        let conflict = record(kind: kind, winner, base: baseImage(base), differing)
        guard winner == .branch else {
            var decision = keep(base, version, stands: false)
            decision.conflict = conflict
            return decision
        }
        var decision = store(base, version)
        decision.conflict = conflict
        return decision
    }

    func winner(_ version: RowVersion?) -> Conflict.Outcome {
        guard policy.whole == .lastWriterWins, let version = version.flatMap({ credible($0) }) else {
            return policy.standsAtJoin
        }
        return state.version.map { $0 < version } ?? true ? .branch : .head
    }

    // MARK: Parts

    /// Of a row of the head that stands, and was not changed since its table is shared.
    var versionWhereNone: RowVersion? { state.version == nil ? .next(at: .head, now: now) : nil }

    func kind(_ base: RowBase, _ isFresh: Bool) -> Conflict.Kind {
        if theirs == nil { return .deleteOfUpdated }
        if present == nil { return .updateOfDeleted }
        return base.wasAbsent && isFresh ? .insert : .update
    }

    /// Whether the head's row is one that this branch made since that base.
    func isOwn(_ base: RowBase, _ version: RowVersion) -> Bool {
        guard let known = state.version, let since = base.since, known.office == branch else { return false }
        return (since...max(since, version.clock)).contains(known.clock)
    }

    var isSame: Bool {
        guard let theirs, let present else { return (theirs == nil) == (present == nil) }
        return ColumnMerge(columns).isSame(theirs, present)
    }

    var differing: [Int] {
        guard let theirs, let present else { return [] }
        return ColumnMerge(columns).differences(theirs, present)
    }

    /// From where the branch's change is measured; nil: there was no row, or it is not known. Of a column that is younger
    /// than the base nothing is known.
    func baseImage(_ base: RowBase) -> ColumnMerge.PartialImage? {
        let applied = state.applied.flatMap { $0.base == base ? $0 : nil }
        let named = applied.map(\.image) ?? stamp.baseImage
        return named.map { named in columns.map { named[$0.name] } }
    }

    func isAlike(_ base: ColumnMerge.PartialImage?, _ present: [String?]) -> Bool {
        guard let base, let theirs else { return false }
        return ColumnMerge(columns).isSame(base.indices.map { base[$0] ?? theirs[$0] }, present)
    }

    func misfits(of image: [String?], _ theirs: [String?]) -> [String: String] {
        var found: [String: String] = [:]
        for (index, column) in columns.enumerated() {
            let source = image[index] == theirs[index] ? misfits.theirs : misfits.present
            found[column.name] = source[column.name]
        }
        return found
    }

    func applied(_ base: RowBase, _ version: RowVersion, standing: RowVersion?) -> AppliedChange {
        AppliedChange(
            base: base, clock: version.clock, image: policy.needsBase ? theirs.map(named) : nil,
            isDelete: theirs == nil, standing: standing)
    }

    func record(
        kind: Conflict.Kind, _ outcome: Conflict.Outcome, base: ColumnMerge.PartialImage?, _ open: [Int]
    ) -> Conflict {
        Conflict(
            table: table, key: key, branch: branch, kind: kind, policy: policy.description, outcome: outcome,
            headVersion: state.version, branchVersion: stamp.version, baseVersion: stamp.base?.version,
            headImage: present.map(named), branchImage: theirs.map(named), baseImage: base.map(named),
            columns: open.map { columns[$0].name },
            clockWasOff: stamp.version.map { credible($0) == nil } ?? false,
            headMisfits: misfits.present, branchMisfits: misfits.theirs)
    }

    func named(_ image: [String?]) -> [String: String?] {
        Dictionary(zip(columns.map(\.name), image), uniquingKeysWith: { first, _ in first })
    }

    func named(_ image: ColumnMerge.PartialImage) -> [String: String?] {
        var named: [String: String?] = [:]
        for (column, value) in zip(columns, image) { if let value { named[column.name] = .some(value) } }
        return named
    }
}
