import Synchronization
import TrunklineCore

/// A link whose calls end as the test says.
final class StandInLink: BrokerLink {
    private let next = Mutex<BrokerError?>(nil)

    func fails(with error: BrokerError?) { next.withLock { $0 = error } }

    private func end() throws(BrokerError) {
        if let error = next.withLock({ $0 }) { throw error }
    }

    func publish(_ message: OutboundMessage) async throws(BrokerError) -> MessageTag {
        try end()
        return MessageTag(connection: 1, number: 1)
    }
    func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation] {
        try end()
        return []
    }
    func consume(_ queues: Set<String>, prefetch: Int) async throws(BrokerError) -> [String: BrokerError] {
        try end()
        return [:]
    }
    func receive(within timeout: Duration) async throws(BrokerError) -> Delivery? {
        try end()
        return nil
    }
    func acknowledge(_ delivery: Delivery) async throws(BrokerError) { try end() }
    func declare(_ topology: Topology) async throws(BrokerError) { try end() }
    func depth(of queue: String) async throws(BrokerError) -> QueueDepth {
        try end()
        return QueueDepth(ready: 0, consumers: 0)
    }
    func keepAlive() async throws(BrokerError) { try end() }
    func certificateEnd() async -> Double? { 1_800_000_000 }
    func close() async {}
}
