internal import Synchronization

/// A broker link that tells, by how its calls end, whether the broker is there.
public final class ObservedLink: BrokerLink {
    private let base: any BrokerLink
    private let telemetry: ServiceTelemetry
    private let state = Mutex(State())

    private struct State {
        /// Since the last loss or close.
        var isOpen = false
        var wasOpen = false
    }

    public init(_ base: any BrokerLink, telemetry: ServiceTelemetry) {
        self.base = base
        self.telemetry = telemetry
        telemetry.show([Metrics.reconnects], telemetry.service)
        telemetry.set(Metrics.linkUp, to: 0, telemetry.service)
    }

    public func publish(_ message: OutboundMessage) async throws(BrokerError) -> MessageTag {
        try await observed { () async throws(BrokerError) in try await base.publish(message) }
    }

    public func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation] {
        try await observed(isProof: false) { () async throws(BrokerError) in
            try await base.confirmations(within: timeout)
        }
    }

    @discardableResult
    public func consume(
        _ queues: Set<String>, prefetch: Int
    ) async throws(BrokerError) -> [String: BrokerError] {
        try await observed { () async throws(BrokerError) in try await base.consume(queues, prefetch: prefetch) }
    }

    public func receive(within timeout: Duration) async throws(BrokerError) -> Delivery? {
        try await observed { () async throws(BrokerError) in try await base.receive(within: timeout) }
    }

    public func acknowledge(_ delivery: Delivery) async throws(BrokerError) {
        try await observed(isProof: false) { () async throws(BrokerError) in try await base.acknowledge(delivery) }
    }

    public func declare(_ topology: Topology) async throws(BrokerError) {
        try await observed { () async throws(BrokerError) in try await base.declare(topology) }
    }

    public func depth(of queue: String) async throws(BrokerError) -> QueueDepth {
        try await observed { () async throws(BrokerError) in try await base.depth(of: queue) }
    }

    public func keepAlive() async throws(BrokerError) {
        try await observed { () async throws(BrokerError) in try await base.keepAlive() }
    }

    public func certificateEnd() async -> Double? { await base.certificateEnd() }

    /// Says nothing of the broker: a service closes its link after any failure.
    public func close() async {
        await base.close()
        state.withLock { $0.isOpen = false }
    }

    /// - Parameter isProof: whether the call can only succeed over an open connection.
    private func observed<Value>(
        isProof: Bool = true, _ call: () async throws(BrokerError) -> Value
    ) async throws(BrokerError) -> Value {
        do {
            let value = try await call()
            if isProof, succeeded() {
                telemetry.set(Metrics.certificateEnd, to: await base.certificateEnd() ?? 0)
            }
            return value
        } catch {
            failed(error)
            throw error
        }
    }

    /// - Returns: whether it is a new connection.
    private func succeeded() -> Bool {
        let isNew = state.withLock { state in
            guard !state.isOpen else { return (opened: false, again: false) }
            defer { (state.isOpen, state.wasOpen) = (true, true) }
            return (opened: true, again: state.wasOpen)
        }
        guard isNew.opened else { return false }
        telemetry.set(Metrics.linkUp, to: 1, telemetry.service)
        if isNew.again { telemetry.count(Metrics.reconnects, telemetry.service) }
        telemetry.note(.linkUp)
        return true
    }

    private func failed(_ error: BrokerError) {
        // Of one message, not of the connection.
        guard error.code != .tooLarge else { return }
        state.withLock { $0.isOpen = false }
        telemetry.set(Metrics.linkUp, to: 0, telemetry.service)
        telemetry.note(.linkDown(reason: "\(error)", isRefusal: !error.isTransient))
    }
}
