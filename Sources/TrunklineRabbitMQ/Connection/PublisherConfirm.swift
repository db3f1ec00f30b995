public import TrunklineCore

/// What the broker says of a published message. The number of a tag is its publisher-confirm sequence number.
public enum PublisherConfirm: Hashable, Sendable {
    /// The broker has it, safely.
    case confirmed(MessageTag)
    /// The broker refused it (basic.nack).
    case nacked(MessageTag)
    /// No queue is bound for it (basic.return).
    case returned(MessageTag, reason: String)
}
