/// What became of an envelope that was sent.
public enum Confirmation: Hashable, Sendable {
    /// The transport has it, safely.
    case confirmed(MessageTag)
    /// The transport does not take it now.
    case refused(MessageTag, Reason)
    /// Nobody is there who would take it.
    case untaken(MessageTag, Reason)

    /// Why, in the transport's words.
    public struct Reason: Hashable, Sendable {
        /// As it said it, in short: `nack`.
        public var word: String
        /// What that means, for a person.
        public var meaning: String

        public init(word: String, meaning: String) {
            self.word = word
            self.meaning = meaning
        }
    }
}
