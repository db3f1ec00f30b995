import Testing
import TrunklineCore
import TrunklineTesting

@testable import TrunklineRabbitMQ

@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct ConsumingTests {
    @Test func deliversAllProperties() async throws {
        let fixture = try await LinkFixture()
        _ = try await fixture.link.publishAndSettle(.batch("id-1", body: [0, 255, 10]))
        try await fixture.link.consume([LinkFixture.queue], prefetch: 10)
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

    /// The library reads them by recursion, before anything of ours sees the message.
    @Test func headersMayBeNestedAsDeepAsAFrameAllows() async throws {
        let fixture = try await LinkFixture()
        try await fixture.broker.publishNested(24_000, to: LinkFixture.queue)
        try await fixture.link.consume([LinkFixture.queue], prefetch: 10)
        let delivery = try #require(try await fixture.link.receive(within: patience))
        try await fixture.link.acknowledge(delivery)
    }

    @Test func receivesNothingFromAnEmptyQueue() async throws {
        let fixture = try await LinkFixture()
        try await fixture.link.consume([LinkFixture.queue], prefetch: 1)
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
        try await first.consume([LinkFixture.queue], prefetch: 10)
        for id in ["a", "b"] {
            let delivery = try #require(try await first.receive(within: patience))
            #expect(delivery.messageID == id)
            if id == "a" { try await first.acknowledge(delivery) }
        }
        await first.close()

        let second = try fixture.anotherLink()
        try await second.consume([LinkFixture.queue], prefetch: 10)
        for id in ["b", "c"] {
            let delivery = try #require(try await second.receive(within: patience))
            #expect(delivery.messageID == id)
            #expect(delivery.redelivered)
            try await second.acknowledge(delivery)
        }
        #expect(try await second.receive(within: .milliseconds(50)) == nil)
        await second.close()
        try await eventually("an empty queue") {
            let depth = try await fixture.link.depth(of: LinkFixture.queue)
            return depth == QueueDepth(ready: 0, consumers: 0)
        }
    }

    @Test func holdsBackMoreThanThePrefetch() async throws {
        let fixture = try await LinkFixture()
        for id in ["a", "b", "c"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        let link = try fixture.anotherLink()
        try await link.consume([LinkFixture.queue], prefetch: 2)
        let a = try #require(try await link.receive(within: patience))
        #expect(try await link.receive(within: patience)?.messageID == "b")
        #expect(try await link.receive(within: .milliseconds(200)) == nil)
        try await link.acknowledge(a)
        #expect(try await link.receive(within: patience)?.messageID == "c")
    }

    @Test func consumingAgainDoesNothing() async throws {
        let fixture = try await LinkFixture()
        try await fixture.link.consume([LinkFixture.queue], prefetch: 5)
        try await fixture.link.consume([LinkFixture.queue], prefetch: 5)
        try await eventually("one consumer") {
            try await fixture.link.depth(of: LinkFixture.queue).consumers == 1
        }
    }

    @Test func acknowledgingADeliveryOfAnEarlierConnectionDoesNothing() async throws {
        let fixture = try await LinkFixture()
        for id in ["a", "b"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        try await fixture.link.consume([LinkFixture.queue], prefetch: 1)
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
        try await link.consume([LinkFixture.queue], prefetch: 500)
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
        try await fixture.link.consume([LinkFixture.queue], prefetch: 1)
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
        try await link.consume([LinkFixture.queue], prefetch: 10)
        let error = try await brokerError { _ = try await link.receive(within: patience) }
        #expect(error.code == .tooLarge)
        #expect(error.reason.contains("300000 bytes"))
        let delivery = try #require(try await link.receive(within: patience))
        #expect(delivery.messageID == "small")
        #expect(delivery.tag.connection == 1)
        try await eventually("one dead letter") { try await link.depth(of: Topology.deadQueue).ready == 1 }
    }

    @Test func aQueueThatIsDeletedStopsNoOtherOneAndIsFoundAgain() async throws {
        let fixture = try await LinkFixture()
        let west = try await fixture.addWest()
        let both: Set<String> = [LinkFixture.queue, west]
        #expect(try await fixture.link.consume(both, prefetch: 1) == [:])
        try await fixture.broker.deleteQueue(LinkFixture.queue)
        try await eventually("the queue is left out") {
            #expect(try await fixture.link.receive(within: .milliseconds(20)) == nil)
            return try await fixture.link.consume(both, prefetch: 1).keys.elementsEqual([LinkFixture.queue])
        }
        _ = try await fixture.link.publishAndSettle(.batch("w", from: "west"))
        let delivery = try #require(try await fixture.link.receive(within: patience))
        #expect(delivery.queue == west)
        #expect(delivery.tag.connection == 1)
        try await fixture.link.acknowledge(delivery)

        try await LinkFixture.declare(on: fixture.link)
        _ = try await fixture.link.publishAndSettle(.batch("e"))
        try await eventually("the queue is consumed again") {
            try await fixture.link.receive(within: .milliseconds(100))?.messageID == "e"
        }
        #expect(try await fixture.link.consume(both, prefetch: 1) == [:])
    }

    @Test func aMissingQueueIsLeftOutAndSaysSo() async throws {
        let fixture = try await LinkFixture()
        let missing = try await fixture.link.consume(["trunkline.none", LinkFixture.queue], prefetch: 1)
        #expect(missing.keys.elementsEqual(["trunkline.none"]))
        #expect(missing["trunkline.none"]?.code == .topology)
        #expect(missing["trunkline.none"]?.subject == "trunkline.none")
        let tag = try await fixture.link.publish(.batch("a"))
        #expect(tag.connection == 1)
        #expect(try await fixture.link.receive(within: patience)?.messageID == "a")
    }

    /// AMQP closes the channel for it, and with the channel every consumer: the next connection leaves it out.
    @Test func aQueueThatMayNotBeReadStopsNoOtherOne() async throws {
        let fixture = try await LinkFixture()
        let west = try await fixture.addWest()
        let url = try await fixture.broker.addUser("reader-of-west", configure: "", write: "", read: "west")
        let link = try RabbitMQLink(RabbitMQConfiguration(url: url))
        let both: Set<String> = [LinkFixture.queue, west]
        let error = try await brokerError { try await link.consume(both, prefetch: 1) }
        #expect(error.code == .accessRefused)
        #expect(error.subject == LinkFixture.queue)
        // Each new look at it costs a connection, on a slow machine also between any two of these calls.
        try await eventually("the other one is consumed without it") {
            (try? await link.consume(both, prefetch: 1).keys.elementsEqual([LinkFixture.queue])) ?? false
        }
        _ = try await fixture.link.publishAndSettle(.batch("w", from: "west"))
        try await eventually("its message arrives") {
            (try? await link.receive(within: .seconds(1)))?.messageID == "w"
        }
    }

    @Test func aQueueThatIsNoLongerWantedGetsBackWhatNobodyReceived() async throws {
        let fixture = try await LinkFixture()
        let west = try await fixture.addWest()
        for id in ["a", "b"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        let link = try fixture.anotherLink()
        try await link.consume([LinkFixture.queue, west], prefetch: 10)
        #expect(try await link.receive(within: patience)?.messageID == "a")
        try await link.consume([west], prefetch: 10)
        let other = try fixture.anotherLink()
        try await other.consume([LinkFixture.queue], prefetch: 10)
        #expect(try await other.receive(within: patience)?.messageID == "b")
    }

    @Test func oneConsumerAtATimeGetsTheBatchesOfABranch() async throws {
        let fixture = try await LinkFixture()
        let (first, second) = (try fixture.anotherLink(), try fixture.anotherLink())
        try await first.consume([LinkFixture.queue], prefetch: 1)
        try await second.consume([LinkFixture.queue], prefetch: 1)
        for id in ["a", "b"] { _ = try await fixture.link.publishAndSettle(.batch(id)) }
        #expect(try await first.receive(within: patience)?.messageID == "a")
        #expect(try await second.receive(within: .milliseconds(50)) == nil)
        await first.close()
        #expect(try await second.receive(within: patience)?.messageID == "a")
    }

    @Test func aFloodBesideAWaitForConfirmsFillsNoMemory() async throws {
        let fixture = try await LinkFixture()
        let count = 200
        for id in 1...count {
            _ = try await fixture.link.publish(.batch("\(id)", body: .init(repeating: 1, count: 100_000)))
        }
        #expect(try await fixture.link.settle(count).count == count)
        let link = try fixture.anotherLink { $0.bufferLimit = 1 << 20 }
        try await link.consume([LinkFixture.queue], prefetch: 1_000)
        // Waits for answers, beside which the flood comes in.
        for _ in 1...20 { _ = try await link.depth(of: Topology.deadQueue) }
        #expect(await link.bufferedBytes <= 2 << 20 + 100_000)
        var seen: Set<String> = []
        while seen.count < count, let delivery = try await link.receive(within: patience) {
            seen.insert(delivery.messageID ?? "")
            try await link.acknowledge(delivery)
            #expect(await link.bufferedBytes <= 2 << 20 + 100_000)
        }
        #expect(seen.count == count)
        #expect(try await link.depth(of: Topology.deadQueue).ready == 0)
    }

    @Test(arguments: [0, -1, 65536])
    func refusesAPrefetchThatAMQPCannotSay(prefetch: Int) async throws {
        let fixture = try await LinkFixture()
        let error = try await brokerError {
            try await fixture.link.consume([LinkFixture.queue], prefetch: prefetch)
        }
        #expect(error.code == .configuration)
    }
}
