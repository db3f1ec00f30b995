/// Prepares what carries the envelopes of an office and its branches.
public protocol TransportSetup: TransportLink {
    /// Makes what is missing for the head and these branches, and returns when it would survive a crash. What an earlier
    /// version made is taken over.
    /// - Throws: a permanent error when something exists with other properties.
    func prepare(for branches: [OfficeID]) async throws(BrokerError)
}
