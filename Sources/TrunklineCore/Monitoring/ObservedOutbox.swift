/// An outbox that tells whether the broker is there.
public struct ObservedOutbox: Outbox {
    private let base: any Outbox
    private let observer: LinkObserver

    public init(_ base: any Outbox, telemetry: ServiceTelemetry) {
        self.base = base
        observer = LinkObserver(base, telemetry: telemetry)
    }

    public func send(_ envelope: Envelope) async throws(BrokerError) -> MessageTag {
        try await observer.observed { () async throws(BrokerError) in try await base.send(envelope) }
    }

    public func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation] {
        try await observer.observed(isProof: false) { () async throws(BrokerError) in
            try await base.confirmations(within: timeout)
        }
    }

    public func isDrained(_ stream: StreamID) async throws(BrokerError) -> Bool {
        try await observer.observed { () async throws(BrokerError) in try await base.isDrained(stream) }
    }

    public func keepAlive() async throws(BrokerError) { try await observer.keepAlive() }
    public func certificateEnd() async -> Double? { await base.certificateEnd() }
    public func close() async { await observer.close() }
}
