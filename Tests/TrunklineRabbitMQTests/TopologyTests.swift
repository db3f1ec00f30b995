import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct TopologyTests {
    @Test func declaringAgainChangesNothing() async throws {
        let fixture = try await LinkFixture()
        _ = try await fixture.link.publishAndSettle(.batch("1"))
        try await LinkFixture.declare(on: fixture.link)
        try await eventually("the message is still there") {
            try await fixture.link.depth(of: Topology.headQueue).ready == 1
        }
    }

    @Test func depthCountsMessagesAndConsumers() async throws {
        let fixture = try await LinkFixture()
        #expect(
            try await fixture.link.depth(of: Topology.headQueue) == QueueDepth(ready: 0, consumers: 0))
        let consumer = try fixture.anotherLink()
        try await consumer.consume(from: Topology.headQueue, prefetch: 1)
        for id in ["a", "b", "c"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        // One of the three is with the consumer.
        try await eventually("two ready, one consumer") {
            try await fixture.link.depth(of: Topology.headQueue) == QueueDepth(ready: 2, consumers: 1)
        }
    }

    @Test func depthOfAMissingQueueSaysSoAndKeepsTheConnection() async throws {
        let fixture = try await LinkFixture()
        _ = try await fixture.link.publish(.batch("1"))
        for _ in 1...3 {
            let error = try await brokerError { _ = try await fixture.link.depth(of: "trunkline.none") }
            #expect(error.code == .topology)
            #expect(error.subject == "trunkline.none")
        }
        let tag = MessageTag(connection: 1, number: 1)
        #expect(try await fixture.link.settle(1) == [.confirmed(tag)])
    }

    @Test func anExistingQueueWithOtherPropertiesIsAConflict() async throws {
        let broker = try await TestBroker()
        try await broker.declareClassicQueue(Topology.headQueue)
        let link = try RabbitMQLink(RabbitMQConfiguration(url: broker.url))
        let error = try await brokerError { try await link.declare(.head) }
        #expect(error.code == .topology)
        #expect(error.operation == "declare queue")
        #expect(error.subject == Topology.headQueue)
        #expect(error.reason.contains("inequivalent arg"))
        #expect(error.hint?.contains("other properties") == true)
        #expect(!error.isTransient)
    }

    @Test func declaringWithoutPermissionIsRefused() async throws {
        let broker = try await TestBroker()
        let url = try await broker.addUser("declarer", configure: "")
        let link = try RabbitMQLink(RabbitMQConfiguration(url: url))
        let error = try await brokerError { try await link.declare(.head) }
        #expect(error.code == .accessRefused)
        #expect(error.subject == Topology.upExchange)
    }

    @Test func deadLettersReachTheDeadQueue() async throws {
        let fixture = try await LinkFixture()
        var message = OutboundMessage.batch("bad")
        message.exchange = Topology.deadExchange
        message.routingKey = "anything"
        _ = try await fixture.link.publishAndSettle(message)
        try await eventually("one dead letter") {
            try await fixture.link.depth(of: Topology.deadQueue).ready == 1
        }
    }
}
