import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct ConsumingTests {
    @Test func deliversAllProperties() async throws {
        let fixture = try await LinkFixture()
        _ = try await fixture.link.publishAndSettle(.batch("id-1", body: [0, 255, 10]))
        try await fixture.link.consume(from: Topology.headQueue, prefetch: 10)
        let delivery = try #require(try await fixture.link.receive(within: patience))
        #expect(delivery.routingKey == "east")
        #expect(delivery.type == "batch")
        #expect(delivery.messageID == "id-1")
        #expect(delivery.contentType == "application/vnd.trunkline.batch")
        #expect(delivery.contentEncoding == "zstd")
        #expect(delivery.userID == "trunkline")
        #expect(!delivery.redelivered)
        #expect(delivery.body == [0, 255, 10])
        try await fixture.link.acknowledge(delivery)
    }

    @Test func receivesNothingFromAnEmptyQueue() async throws {
        let fixture = try await LinkFixture()
        try await fixture.link.consume(from: Topology.headQueue, prefetch: 1)
        #expect(try await fixture.link.receive(within: .milliseconds(50)) == nil)
        #expect(try await fixture.link.receive(within: .zero) == nil)
    }

    @Test func receivingWithoutConsumingIsAMistake() async throws {
        let fixture = try await LinkFixture()
        let error = try await brokerError { _ = try await fixture.link.receive(within: patience) }
        #expect(error.code == .configuration)
    }

    @Test func redeliversWhatWasNotAcknowledged() async throws {
        let fixture = try await LinkFixture()
        for id in ["a", "b", "c"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        let first = try fixture.anotherLink()
        try await first.consume(from: Topology.headQueue, prefetch: 10)
        for id in ["a", "b"] {
            let delivery = try #require(try await first.receive(within: patience))
            #expect(delivery.messageID == id)
            if id == "a" { try await first.acknowledge(delivery) }
        }
        await first.close()

        let second = try fixture.anotherLink()
        try await second.consume(from: Topology.headQueue, prefetch: 10)
        for id in ["b", "c"] {
            let delivery = try #require(try await second.receive(within: patience))
            #expect(delivery.messageID == id)
            #expect(delivery.redelivered)
            try await second.acknowledge(delivery)
        }
        #expect(try await second.receive(within: .milliseconds(50)) == nil)
        await second.close()
        try await eventually("an empty queue") {
            let depth = try await fixture.link.depth(of: Topology.headQueue)
            return depth == QueueDepth(ready: 0, consumers: 0)
        }
    }

    @Test func holdsBackMoreThanThePrefetch() async throws {
        let fixture = try await LinkFixture()
        for id in ["a", "b", "c"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        let link = try fixture.anotherLink()
        try await link.consume(from: Topology.headQueue, prefetch: 2)
        let a = try #require(try await link.receive(within: patience))
        #expect(try await link.receive(within: patience)?.messageID == "b")
        #expect(try await link.receive(within: .milliseconds(200)) == nil)
        try await link.acknowledge(a)
        #expect(try await link.receive(within: patience)?.messageID == "c")
    }

    @Test func consumingAgainDoesNothing() async throws {
        let fixture = try await LinkFixture()
        try await fixture.link.consume(from: Topology.headQueue, prefetch: 5)
        try await fixture.link.consume(from: Topology.headQueue, prefetch: 5)
        try await eventually("one consumer") {
            try await fixture.link.depth(of: Topology.headQueue).consumers == 1
        }
    }

    @Test func acknowledgingADeliveryOfAnEarlierConnectionDoesNothing() async throws {
        let fixture = try await LinkFixture()
        for id in ["a", "b"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        try await fixture.link.consume(from: Topology.headQueue, prefetch: 1)
        let old = try #require(try await fixture.link.receive(within: patience))
        await fixture.link.close()
        try await fixture.link.acknowledge(old)
        let again = try #require(try await fixture.link.receive(within: patience))
        #expect(again.messageID == "a")
        try await fixture.link.acknowledge(old)
        #expect(try await fixture.link.receive(within: .milliseconds(200)) == nil, "a is still not acknowledged")
        try await fixture.link.acknowledge(again)
        #expect(try await fixture.link.receive(within: patience)?.messageID == "b")
    }

    /// Deliveries that arrive while a confirm is awaited are kept, and the other way round.
    @Test func publishesAndConsumesOnOneConnection() async throws {
        let fixture = try await LinkFixture()
        let link = fixture.link
        try await link.consume(from: Topology.headQueue, prefetch: 500)
        var confirmed = 0
        for number in 1...200 {
            _ = try await link.publish(.batch("\(number)", body: Array(repeating: 7, count: 3_000)))
            if number % 10 == 0 { confirmed += try await link.confirmations(within: patience).count }
            if number % 50 == 0 { _ = try await link.depth(of: Topology.deadQueue) }
        }
        confirmed += try await link.settle(200 - confirmed).count
        #expect(confirmed == 200)
        for number in 1...200 {
            let delivery = try #require(try await link.receive(within: patience))
            #expect(delivery.messageID == "\(number)")
            #expect(delivery.body.count == 3_000)
            try await link.acknowledge(delivery)
        }
        #expect(try await link.receive(within: .milliseconds(50)) == nil)
    }

    @Test func carriesTwentyMebibytes() async throws {
        let fixture = try await LinkFixture()
        var body = [UInt8](repeating: 0, count: 20 << 20)
        for index in body.indices { body[index] = UInt8(truncatingIfNeeded: index &* 31 ^ index >> 12) }
        let tag = try await fixture.link.publish(.batch("large", body: body))
        #expect(try await fixture.link.settle(1) == [.confirmed(tag)])
        try await fixture.link.consume(from: Topology.headQueue, prefetch: 1)
        let delivery = try #require(try await fixture.link.receive(within: patience))
        // Not `==` inside the macro: it would print 20 MiB.
        let same = delivery.body == body
        #expect(same)
        try await fixture.link.acknowledge(delivery)
    }

    @Test func sendsAMessageOverOurLimitToTheDeadLettersAndGoesOn() async throws {
        let fixture = try await LinkFixture()
        _ = try await fixture.link.publishAndSettle(.batch("big", body: Array(repeating: 0, count: 300_000)))
        _ = try await fixture.link.publishAndSettle(.batch("small"))
        let link = try fixture.anotherLink { $0.maxMessageBytes = 1000 }
        try await link.consume(from: Topology.headQueue, prefetch: 10)
        let error = try await brokerError { _ = try await link.receive(within: patience) }
        #expect(error.code == .tooLarge)
        #expect(error.reason.contains("300000 bytes"))
        let delivery = try #require(try await link.receive(within: patience))
        #expect(delivery.messageID == "small")
        #expect(delivery.tag.connection == 1)
        try await eventually("one dead letter") { try await link.depth(of: Topology.deadQueue).ready == 1 }
    }

    @Test func aDeletedQueueEndsTheConsumerWithATransientError() async throws {
        let fixture = try await LinkFixture()
        try await fixture.link.consume(from: Topology.headQueue, prefetch: 1)
        try await fixture.broker.deleteQueue(Topology.headQueue)
        let error = try await brokerError { _ = try await fixture.link.receive(within: patience) }
        #expect(error.isTransient)
        #expect(error.subject == Topology.headQueue)
        #expect(error.reason.contains("cancelled"))
        let missing = try await brokerError { _ = try await fixture.link.receive(within: patience) }
        #expect(missing.code == .topology)
        try await LinkFixture.declare(on: fixture.link)
        #expect(try await fixture.link.receive(within: .zero) == nil)
    }

    @Test func consumingAMissingQueueSaysSo() async throws {
        let fixture = try await LinkFixture()
        let error = try await brokerError { try await fixture.link.consume(from: "trunkline.none", prefetch: 1) }
        #expect(error.code == .topology)
        #expect(error.subject == "trunkline.none")
        try await fixture.link.consume(from: Topology.headQueue, prefetch: 1)
        #expect(try await fixture.link.receive(within: .zero) == nil)
    }

    @Test func consumingWithoutPermissionIsRefused() async throws {
        let fixture = try await LinkFixture()
        let url = try await fixture.broker.addUser("writer", configure: "", write: ".*", read: "")
        let link = try RabbitMQLink(RabbitMQConfiguration(url: url))
        let error = try await brokerError { try await link.consume(from: Topology.headQueue, prefetch: 1) }
        #expect(error.code == .accessRefused)
        #expect(error.subject == Topology.headQueue)
    }

    @Test(arguments: [0, -1, 65536])
    func refusesAPrefetchThatAMQPCannotSay(prefetch: Int) async throws {
        let fixture = try await LinkFixture()
        let error = try await brokerError {
            try await fixture.link.consume(from: Topology.headQueue, prefetch: prefetch)
        }
        #expect(error.code == .configuration)
    }
}
