import Synchronization
import TrunklineCore

/// A link whose calls end as the test says.
final class StandInLink: Outbox, Inbox {
    private let next = Mutex<BrokerError?>(nil)

    func fails(with error: BrokerError?) { next.withLock { $0 = error } }

    private func end() throws(BrokerError) {
        if let error = next.withLock({ $0 }) { throw error }
    }

    func send(_ envelope: Envelope) async throws(BrokerError) -> MessageTag {
        try end()
        return MessageTag(connection: 1, number: 1)
    }
    func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation] {
        try end()
        return []
    }
    func isDrained(_ stream: StreamID) async throws(BrokerError) -> Bool {
        try end()
        return true
    }
    func want(
        _ kinds: Set<Envelope.Kind>, from senders: Set<OfficeID>
    ) async throws(BrokerError) -> [String: BrokerError] {
        try end()
        return [:]
    }
    func receive(within timeout: Duration) async throws(BrokerError) -> Delivery? {
        try end()
        return nil
    }
    func acknowledge(_ delivery: Delivery) async throws(BrokerError) { try end() }
    func keepAlive() async throws(BrokerError) { try end() }
    func certificateEnd() async -> Double? { 1_800_000_000 }
    func close() async {}
}
