/// An inbox that tells whether the broker is there.
public struct ObservedInbox: Inbox {
    private let base: any Inbox
    private let observer: LinkObserver

    public init(_ base: any Inbox, telemetry: ServiceTelemetry) {
        self.base = base
        observer = LinkObserver(base, telemetry: telemetry)
    }

    @discardableResult
    public func want(
        _ kinds: Set<Envelope.Kind>, from senders: Set<OfficeID>
    ) async throws(BrokerError) -> [String: BrokerError] {
        try await observer.observed { () async throws(BrokerError) in try await base.want(kinds, from: senders) }
    }

    public func receive(within timeout: Duration) async throws(BrokerError) -> Delivery? {
        try await observer.observed { () async throws(BrokerError) in try await base.receive(within: timeout) }
    }

    public func acknowledge(_ delivery: Delivery) async throws(BrokerError) {
        try await observer.observed(isProof: false) { () async throws(BrokerError) in
            try await base.acknowledge(delivery)
        }
    }

    public func keepAlive() async throws(BrokerError) { try await observer.keepAlive() }
    public func certificateEnd() async -> Double? { await base.certificateEnd() }
    public func close() async { await observer.close() }
}
