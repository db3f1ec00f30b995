/// Why a recovery put a row aside, in the words that both stores keep with it.
public enum RecoveryReason {
    /// Of a row of the receiver's.
    public static func senderWon(in stream: StreamID) -> String { kept(ofHead: stream.source == .head) }
    /// Of a row of the sender's.
    public static func receiverWon(in stream: StreamID) -> String { kept(ofHead: stream.destination == .head) }
    /// Of a row of the sender's that goes on under another key.
    public static func newKey(in stream: StreamID) -> String {
        "\(receiverWon(in: stream)); this one was sent again under a new key"
    }
    /// Of a row of the sender's that refers to one that was put aside.
    public static func parentYielded(in stream: StreamID) -> String {
        "the row that it refers to was put aside, since \(receiverWon(in: stream))"
    }
    /// Of a row that came for a key whose row the receiver kept.
    public static let keyIsKept =
        "the row of this key was kept in a recovery, and gives way there to: trunkline retry --kept"

    private static func kept(ofHead: Bool) -> String {
        ofHead ? "the head's row was kept" : "the branch's row was kept"
    }
}
