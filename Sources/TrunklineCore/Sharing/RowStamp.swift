/// What a line of a shared table says beside its values: the last field of the line, as JSON.
///
/// Upwards it says what a branch changed, and from where; or that the branch says its row without having changed it, as
/// it does when it joins. Downwards it says the version of the head's row, and how much of this branch's own changes is in it.
public struct RowStamp: Hashable, Sendable {
    /// Of the row as it is; nil: nobody changed it since its table is shared.
    public var version: RowVersion?
    /// Upwards: what the branch changed it from.
    public var base: RowBase?
    /// Upwards: the row's values there, by column, where its table's policy needs them; nil: unknown, or no row. Of a column
    /// that is not among them nothing is known.
    public var baseImage: [String: String?]?
    /// Upwards: when the branch changed it, the head may not have seen yet what was in the table when it began to be shared,
    /// so that a base without a version says nothing of the head's row.
    public var isJoining: Bool
    /// Downwards: the clock of the last of this branch's changes that the head has looked at; nil: none.
    public var applied: Int64?
    /// Downwards: the clock of the first of those changes, ``RowBase/since``: what the branch changed after it had an answer, or
    /// after it was restored, is none of them, whatever the clocks say.
    public var since: Int64?
    /// Downwards: the row is there, and as this branch sent it, so that only the key is here.
    public var isAnswer: Bool
    /// Downwards, of a delete: the row is there at the head, and for this branch no more.
    public var isLeave: Bool
    /// Of a line that waits at its receiver: its sender's clock was off when it came.
    public var clockWasOff: Bool

    public init(
        version: RowVersion?, base: RowBase? = nil, baseImage: [String: String?]? = nil,
        isJoining: Bool = false, applied: Int64? = nil, since: Int64? = nil,
        isAnswer: Bool = false, isLeave: Bool = false, clockWasOff: Bool = false
    ) {
        self.version = version
        self.base = base
        self.baseImage = baseImage
        self.isJoining = isJoining
        self.applied = applied
        self.since = since
        self.isAnswer = isAnswer
        self.isLeave = isLeave
        self.clockWasOff = clockWasOff
    }

    /// With the branch's own name in the version of what it changed, whatever it says.
    func ofChange(by branch: OfficeID) -> RowStamp {
        guard base != nil, let version else { return self }
        var own = self
        own.version = RowVersion(clock: version.clock, office: branch)
        return own
    }
}

/// What the changes of a row stand on that the head has not answered: the version that the row had, or that there was none.
public struct RowBase: Hashable, Sendable, Codable {
    /// nil: it was not changed since its table is shared.
    public var version: RowVersion?
    /// Whether there was no row.
    public var wasAbsent: Bool
    /// The clock of the first of these changes. A branch that was restored changes a row from the same version once more, and
    /// these changes know nothing of those.
    public var since: Int64?

    public init(version: RowVersion?, wasAbsent: Bool, since: Int64? = nil) {
        self.version = version
        self.wasAbsent = wasAbsent
        self.since = since
    }

    private enum Field: String, CodingKey {
        case version = "v"
        case wasAbsent = "absent"
        case since
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        version = try fields.decodeIfPresent(RowVersion.self, forKey: .version)
        wasAbsent = try fields.decodeIfPresent(Bool.self, forKey: .wasAbsent) ?? false
        since = try fields.decodeIfPresent(Int64.self, forKey: .since)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encodeIfPresent(version, forKey: .version)
        if wasAbsent { try fields.encode(true, forKey: .wasAbsent) }
        try fields.encodeIfPresent(since, forKey: .since)
    }
}

extension RowStamp: Codable {
    private enum Field: String, CodingKey {
        case version = "v"
        case base = "base"
        case baseImage = "was"
        case isJoining = "joining"
        case applied = "applied"
        case since = "since"
        case isAnswer = "answer"
        case isLeave = "leave"
        case clockWasOff = "clockOff"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        version = try fields.decodeIfPresent(RowVersion.self, forKey: .version)
        base = try fields.decodeIfPresent(RowBase.self, forKey: .base)
        baseImage = try fields.decodeIfPresent([String: String?].self, forKey: .baseImage)
        isJoining = try fields.decodeIfPresent(Bool.self, forKey: .isJoining) ?? false
        applied = try fields.decodeIfPresent(Int64.self, forKey: .applied)
        since = try fields.decodeIfPresent(Int64.self, forKey: .since)
        isAnswer = try fields.decodeIfPresent(Bool.self, forKey: .isAnswer) ?? false
        isLeave = try fields.decodeIfPresent(Bool.self, forKey: .isLeave) ?? false
        clockWasOff = try fields.decodeIfPresent(Bool.self, forKey: .clockWasOff) ?? false
        guard applied.map({ (0...RowVersion.maximalClock).contains($0) }) ?? true else {
            throw DecodingError.dataCorruptedError(
                forKey: .applied, in: fields, debugDescription: "a clock is out of range")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encodeIfPresent(version, forKey: .version)
        try fields.encodeIfPresent(base, forKey: .base)
        try fields.encodeIfPresent(baseImage, forKey: .baseImage)
        if isJoining { try fields.encode(true, forKey: .isJoining) }
        try fields.encodeIfPresent(applied, forKey: .applied)
        try fields.encodeIfPresent(since, forKey: .since)
        if isAnswer { try fields.encode(true, forKey: .isAnswer) }
        if isLeave { try fields.encode(true, forKey: .isLeave) }
        if clockWasOff { try fields.encode(true, forKey: .clockWasOff) }
    }
}
