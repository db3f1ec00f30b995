public import TrunklineCore

extension RabbitMQLink: TransportSetup {
    public func prepare(for branches: [OfficeID]) async throws(BrokerError) {
        try await declare(branches.reduce(.head) { $0.adding(.branch($1)) })
    }
}
