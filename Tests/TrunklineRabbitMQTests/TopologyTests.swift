import Testing
import TrunklineCore
import TrunklineTesting

@testable import TrunklineRabbitMQ

@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct TopologyTests {
    @Test func declaringAgainChangesNothing() async throws {
        let fixture = try await LinkFixture()
        _ = try await fixture.link.publishAndSettle(.batch("1"))
        try await LinkFixture.declare(on: fixture.link)
        try await eventually("the message is still there") {
            try await fixture.link.depth(of: LinkFixture.queue).ready == 1
        }
    }

    @Test func depthCountsMessagesAndConsumers() async throws {
        let fixture = try await LinkFixture()
        #expect(
            try await fixture.link.depth(of: LinkFixture.queue) == QueueDepth(ready: 0, consumers: 0))
        let consumer = try fixture.anotherLink()
        try await consumer.consume([LinkFixture.queue], prefetch: 1)
        for id in ["a", "b", "c"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        // One of the three is with the consumer.
        try await eventually("two ready, one consumer") {
            try await fixture.link.depth(of: LinkFixture.queue) == QueueDepth(ready: 2, consumers: 1)
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

    /// An upgrade of the head, while batches and acks are on their way.
    @Test func whatVersion01DeclaredIsTakenOver() async throws {
        let broker = try await TestBroker()
        let link = try RabbitMQLink(RabbitMQConfiguration(url: broker.url))
        let (acks, changes) = ("trunkline.branch.east.acks", "trunkline.branch.east.changes")
        let old = ["trunkline.head", "trunkline.head.acks", acks, changes]
        try await link.declare(
            Topology(
                exchanges: ["trunkline.up", "trunkline.down", "trunkline.acks", "trunkline.dead"],
                queues: old.map { Topology.Queue(name: $0, deadLetterExchange: "trunkline.dead") },
                bindings: [
                    .init(queue: "trunkline.head", exchange: "trunkline.up", routingKey: "east"),
                    .init(queue: changes, exchange: "trunkline.down", routingKey: "all"),
                    .init(queue: acks, exchange: "trunkline.acks", routingKey: "east"),
                ]))
        _ = try await link.publishAndSettle(.batch("before"))
        for _ in 1...2 { try await LinkFixture.declare(on: link) }
        _ = try await link.publishAndSettle(.batch("after"))
        #expect(
            try await broker.queues() == [
                "trunkline.head", "trunkline.head.acks", "trunkline.dead", acks, changes, LinkFixture.queue,
            ])
        try await link.consume(["trunkline.head", LinkFixture.queue], prefetch: 10)
        var seen: [String: String?] = [:]
        while seen.count < 2, let delivery = try await link.receive(within: patience) {
            seen[delivery.queue] = delivery.messageID
        }
        #expect(seen == ["trunkline.head": "before", LinkFixture.queue: "after"])
    }

    @Test func whoSendsMoreThanItsQueueHoldsIsRefused() async throws {
        let fixture = try await LinkFixture()
        var small = Topology.branch(try #require(OfficeID("west")))
        for index in small.queues.indices { small.queues[index].byteLimit = 200_000 }
        try await fixture.link.declare(small)
        let body = [UInt8](repeating: 1, count: 100_000)
        var refused = false
        for number in 1...10 where !refused {
            let confirmation = try await fixture.link.publishAndSettle(.batch("\(number)", from: "west", body: body))
            if case .nacked = confirmation { refused = true }
        }
        #expect(refused)
        guard case .confirmed = try await fixture.link.publishAndSettle(.batch("east", body: body)) else {
            Issue.record("another branch is harmed")
            return
        }
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
