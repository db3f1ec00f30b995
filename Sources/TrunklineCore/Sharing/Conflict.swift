/// Two offices changed a shared row without knowing of each other, and one of the two images yielded, in all or in part, or
/// waits for somebody to decide.
public struct Conflict: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// Both changed a row.
        case update
        /// The branch changed a row that is deleted at the head.
        case updateOfDeleted = "update-of-deleted"
        /// The branch deleted a row that was changed at the head.
        case deleteOfUpdated = "delete-of-updated"
        /// Both made a row of the same key.
        case insert
        /// Both had a row of the same key before the table was shared between them, or before one of them was restored.
        case join
    }

    /// What became of it.
    public enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
        case head, branch
        /// Columns of both.
        case merged
        /// The head's row stands until somebody decides.
        case waiting
    }

    public typealias Image = [String: String?]

    public var table: TableName
    /// As the branch wrote it.
    public var key: RowKey
    public var branch: OfficeID
    public var kind: Kind
    /// As ``ConflictPolicy/description`` says it.
    public var policy: String
    public var outcome: Outcome
    /// Of the head's row; nil: unknown, or never changed since the table is shared.
    public var headVersion: RowVersion?
    public var branchVersion: RowVersion?
    public var baseVersion: RowVersion?
    /// nil: there was no row.
    public var headImage: Image?
    public var branchImage: Image?
    /// nil: it is not known, or there was no row.
    public var baseImage: Image?
    /// In which the two images differ.
    public var columns: [String]
    /// Whether the branch's clock was so far off that its version could not win.
    public var clockWasOff: Bool
    /// Of the head's row as it was left; nil: unknown, or never changed since the table is shared.
    public var resultVersion: RowVersion?
    /// By column: the storage class of a value that does not fit its type; nil: all fit.
    public var headMisfits: [String: String]?
    public var branchMisfits: [String: String]?

    /// Whether each side had a row.
    var hasBothImages: Bool { headImage != nil && branchImage != nil }

    /// Without the rows themselves.
    public var withoutImages: Conflict {
        var summary = self
        (summary.headImage, summary.branchImage, summary.baseImage) = (nil, nil, nil)
        return summary
    }

    public init(
        table: TableName, key: RowKey, branch: OfficeID, kind: Kind, policy: String, outcome: Outcome,
        headVersion: RowVersion?, branchVersion: RowVersion?, baseVersion: RowVersion?, headImage: Image?,
        branchImage: Image?, baseImage: Image?, columns: [String], clockWasOff: Bool,
        headMisfits: [String: String] = [:], branchMisfits: [String: String] = [:]
    ) {
        self.table = table
        self.key = key
        self.branch = branch
        self.kind = kind
        self.policy = policy
        self.outcome = outcome
        self.headVersion = headVersion
        self.branchVersion = branchVersion
        self.baseVersion = baseVersion
        self.headImage = headImage
        self.branchImage = branchImage
        self.baseImage = baseImage
        self.columns = columns
        self.clockWasOff = clockWasOff
        self.headMisfits = headMisfits.isEmpty ? nil : headMisfits
        self.branchMisfits = branchMisfits.isEmpty ? nil : branchMisfits
    }
}
