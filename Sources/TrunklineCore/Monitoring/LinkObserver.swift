internal import Synchronization

/// Tells, by how the calls of a link end, whether what carries the envelopes is there.
final class LinkObserver: Sendable {
    private let base: any TransportLink
    private let telemetry: ServiceTelemetry
    private let state = Mutex(State())

    private struct State {
        /// Since the last loss or close.
        var isOpen = false
        var wasOpen = false
    }

    init(_ base: any TransportLink, telemetry: ServiceTelemetry) {
        self.base = base
        self.telemetry = telemetry
        telemetry.show([Metrics.reconnects], telemetry.service)
        telemetry.set(Metrics.linkUp, to: 0, telemetry.service)
    }

    func keepAlive() async throws(BrokerError) {
        try await observed { () async throws(BrokerError) in try await base.keepAlive() }
    }

    /// Says nothing of the other end: a service closes its link after any failure.
    func close() async {
        await base.close()
        state.withLock { $0.isOpen = false }
    }

    /// - Parameter isProof: whether the call can only succeed over an open connection.
    func observed<Value>(
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
