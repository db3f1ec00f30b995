/// How far a sender was told of the list of set-aside rows of its stream, and what to do about what it says it has.
///
/// The list changes a version at a time; which key changed at which version is kept until the sender says that it has
/// it. Acks say the changes after `told`, so a change goes once. An ack that is lost is noticed by what the next batches
/// say, after a pause: those that were under way say what was true when they were formed.
public struct SetAsideListTelling: Hashable, Sendable {
    /// Of the list now.
    public var version: Int64
    /// Through here acks were published.
    public var told: Int64
    /// Changes after this version are kept.
    public var kept: Int64
    /// Whether an ack was published a moment ago.
    public var isFreshlyTold: Bool
    /// Whether the list was begun anew a while ago, at most.
    public var isFreshlyBegun: Bool

    /// In seconds: what a batch says that comes sooner after an ack says nothing of that ack.
    public static let freshlyTold = 10
    /// In seconds, the same for a list that begins anew.
    public static let freshlyBegun = 60

    public enum Action: Hashable, Sendable {
        case nothing
        /// The sender has these changes: they need not be kept.
        case forget(through: Int64)
        /// The acks after that version did not reach it.
        case tellAgain(after: Int64)
        /// It has no version that changes are kept from, or one of a life that a restore ended: the whole list goes, under
        /// versions higher than this.
        case beginAnew(after: Int64)
    }

    public init(version: Int64, told: Int64, kept: Int64, isFreshlyTold: Bool, isFreshlyBegun: Bool) {
        self.version = version
        self.told = told
        self.kept = kept
        self.isFreshlyTold = isFreshlyTold
        self.isFreshlyBegun = isFreshlyBegun
    }

    /// - Parameter seen: the version that the sender has; nil or negative: none.
    public func heard(_ seen: Int64?) -> Action {
        let seen = seen ?? -1
        if seen > version { return .beginAnew(after: seen) }
        if seen < kept { return isFreshlyBegun ? .nothing : .beginAnew(after: version) }
        if seen < told { return isFreshlyTold ? .nothing : .tellAgain(after: seen) }
        return seen > kept ? .forget(through: seen) : .nothing
    }
}
