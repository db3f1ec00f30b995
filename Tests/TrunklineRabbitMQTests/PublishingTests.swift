import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct PublishingTests {
    @Test func confirmsEachMessageOnce() async throws {
        let fixture = try await LinkFixture()
        var tags: [MessageTag] = []
        for number in 1...100 { tags.append(try await fixture.link.publish(.batch("\(number)"))) }
        let settled = try await fixture.link.settle(100)
        #expect(Set(settled) == Set(tags.map { .confirmed($0) }))
        #expect(settled.count == 100)
        #expect(try await fixture.link.confirmations(within: .zero) == [])
        try await eventually("100 messages in the queue") {
            try await fixture.link.depth(of: LinkFixture.queue).ready == 100
        }
    }

    @Test func returnsAnUnroutableMessageAndConfirmsItsNeighbours() async throws {
        let fixture = try await LinkFixture()
        var expected: Set<PublisherConfirm> = []
        for number in 1...60 {
            let routable = number % 3 != 0
            let tag = try await fixture.link.publish(.batch("\(number)", from: routable ? "east" : "nobody"))
            expected.insert(routable ? .confirmed(tag) : .returned(tag, reason: "NO_ROUTE"))
        }
        let settled = try await fixture.link.settle(60)
        #expect(Set(settled) == expected)
        #expect(settled.count == 60)
        #expect(try await fixture.link.confirmations(within: .zero) == [])
    }

    @Test func returnsTwoMessagesOfOneIDEachOnce() async throws {
        let fixture = try await LinkFixture()
        let tags = [
            try await fixture.link.publish(.batch("same", from: "nobody")),
            try await fixture.link.publish(.batch("same", from: "nobody")),
        ]
        let settled = try await fixture.link.settle(2)
        #expect(Set(settled) == Set(tags.map { .returned($0, reason: "NO_ROUTE") }))
        #expect(settled.count == 2)
    }

    @Test func returnsALongMessage() async throws {
        let fixture = try await LinkFixture()
        let message = OutboundMessage.batch("long", from: "nobody", body: Array(repeating: 1, count: 1_000_000))
        let tag = try await fixture.link.publish(message)
        #expect(try await fixture.link.settle(1) == [.returned(tag, reason: "NO_ROUTE")])
        #expect(try await fixture.link.publishAndSettle(.batch("next")) != nil)
    }

    @Test func anEmptyBodyIsAMessage() async throws {
        let fixture = try await LinkFixture()
        let tag = try await fixture.link.publish(.batch("empty", body: []))
        #expect(try await fixture.link.settle(1) == [.confirmed(tag)])
        try await fixture.link.consume([LinkFixture.queue], prefetch: 1)
        #expect(try await fixture.link.receive(within: patience)?.body == [])
    }

    @Test func refusesAMessageOverOurLimitAndGoesOn() async throws {
        let fixture = try await LinkFixture()
        let link = try fixture.anotherLink { $0.maxMessageBytes = 1000 }
        let error = try await brokerError {
            _ = try await link.publish(.batch("big", body: Array(repeating: 0, count: 1001)))
        }
        #expect(error.code == .tooLarge)
        let tag = try await link.publish(.batch("fits", body: Array(repeating: 0, count: 1000)))
        #expect(tag == MessageTag(connection: 1, number: 1))
        #expect(try await link.settle(1) == [.confirmed(tag)])
    }

    @Test func publishingToAMissingExchangeSaysSoAndTheNextCallConnectsAnew() async throws {
        let fixture = try await LinkFixture()
        var message = OutboundMessage.batch("1")
        message.exchange = "trunkline.nowhere"
        let error = try await brokerError { _ = try await fixture.link.publishAndSettle(message) }
        #expect(error.code == .topology)
        #expect(error.reason.contains("trunkline.nowhere"))
        #expect(error.hint?.contains("trunkline init") == true)
        let tag = MessageTag(connection: 2, number: 1)
        #expect(try await fixture.link.publishAndSettle(.batch("2")) == .confirmed(tag))
    }

    @Test func publishingWithoutPermissionIsRefused() async throws {
        let fixture = try await LinkFixture()
        let url = try await fixture.broker.addUser("reader", configure: "", write: "", read: ".*")
        let link = try RabbitMQLink(RabbitMQConfiguration(url: url))
        let error = try await brokerError { _ = try await link.publishAndSettle(.batch("1")) }
        #expect(error.code == .accessRefused)
        #expect(error.reason.contains("trunkline.up"))
        #expect(!error.isTransient)
    }
}
