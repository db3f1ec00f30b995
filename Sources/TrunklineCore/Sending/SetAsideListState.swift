/// What a sender has of its receiver's list of set-aside rows: through which version, and whether changes before that are
/// missing, so that its next batch asks for the whole list.
///
/// In the books it is one number: the version, or, where the whole is needed, -2 minus the version (-1: nothing is here).
struct SetAsideListState: Hashable, Sendable {
    var applied: Int64
    var needsWhole: Bool

    init(applied: Int64, needsWhole: Bool) {
        self.applied = applied
        self.needsWhole = needsWhole
    }

    init(stored: Int64) {
        needsWhole = stored < 0
        applied = stored < 0 ? -2 - stored : stored
    }

    var stored: Int64 { needsWhole ? -2 - applied : applied }
}
