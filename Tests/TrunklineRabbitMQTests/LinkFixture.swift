import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Long enough for a broker on a busy machine; a test that works never waits so long.
let patience = Duration.seconds(30)

/// A virtual host with one branch `east` declared, and a link to it.
struct LinkFixture {
    /// Where the batches of `east` go.
    static let queue = Topology.batchesQueue(of: OfficeID("east")!)

    let broker: TestBroker
    let link: RabbitMQLink

    init() async throws {
        broker = try await TestBroker()
        link = try RabbitMQLink(RabbitMQConfiguration(url: broker.url))
        try await Self.declare(on: link)
    }

    static func declare(on link: RabbitMQLink) async throws {
        try await link.declare(.head.adding(.branch(#require(OfficeID("east")))))
    }

    /// A second branch.
    /// - Returns: where its batches go.
    func addWest() async throws -> String {
        let west = try #require(OfficeID("west"))
        try await link.declare(.branch(west))
        return Topology.batchesQueue(of: west)
    }

    /// Another link to the same virtual host.
    func anotherLink(
        _ configure: (inout RabbitMQConfiguration) -> Void = { _ in }
    ) throws -> RabbitMQLink {
        var configuration = try RabbitMQConfiguration(url: broker.url)
        configure(&configuration)
        return RabbitMQLink(configuration)
    }
}

extension OutboundMessage {
    /// A batch on `trunkline.up`; only `east` has a queue bound.
    static func batch(
        _ id: String, from branch: String = "east", body: [UInt8] = Array("rows".utf8)
    ) -> OutboundMessage {
        OutboundMessage(
            exchange: Topology.upExchange, routingKey: branch, type: .batch, messageID: id,
            contentType: "application/vnd.trunkline.batch", contentEncoding: "zstd", headers: ["a": "1", "b": "ü"],
            body: body)
    }
}

extension RabbitMQLink {
    /// Waits until so many messages are settled.
    func settle(_ count: Int) async throws -> [PublisherConfirm] {
        var settled: [PublisherConfirm] = []
        let deadline = ContinuousClock.now + patience
        while settled.count < count, ContinuousClock.now < deadline {
            settled += try await confirmations(within: deadline - .now)
        }
        return settled
    }

    func publishAndSettle(_ message: OutboundMessage) async throws -> PublisherConfirm? {
        _ = try await publish(message)
        return try await settle(1).first
    }
}

/// The error that a call throws.
func brokerError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> BrokerError {
    try await #require(throws: BrokerError.self, sourceLocation: sourceLocation) { try await body() }
}
