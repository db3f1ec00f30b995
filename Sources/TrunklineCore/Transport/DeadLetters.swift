/// Where copies of envelopes are kept that cannot be understood, for a person to look at.
///
/// Apart from the ``Inbox``, since it may use another connection: one that takes nothing more must still be emptied.
public protocol DeadLetters: Sendable {
    /// Keeps a copy, with the reason and who refused it. Once this has returned the original may be acknowledged; after a
    /// crash there may be two copies.
    /// - Throws: whatever went wrong, also when the copy was not confirmed in time.
    func bury(_ delivery: Delivery, reason: String, by service: String) async throws

    /// Closes the connection; a later call connects again.
    func close() async
}
