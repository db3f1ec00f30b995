/// Why a recovery put a row aside, in the words that both stores keep with it.
public enum RecoveryReason {
    public static let branchKept = "the branch's row was kept"
    public static let headKept = "the head's row was kept"
    public static let newKey = "the head's row was kept; this one was sent again under a new key"
    public static let parentYielded = "the row that it refers to was put aside, since the head's row was kept"
    /// Of a row that came for a key whose row the receiver kept.
    public static let keyIsKept =
        "the row of this key was kept in a recovery, and gives way there to: trunkline retry --kept"
}
