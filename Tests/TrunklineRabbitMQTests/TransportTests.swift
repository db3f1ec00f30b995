import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// An outbox and an inbox over a real broker.
@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct TransportTests {
    private let east = OfficeID("east")!
    private let west = OfficeID("west")!

    private func batch(_ id: String, from branch: OfficeID) -> Envelope {
        Envelope(
            from: branch, to: .head, kind: .batch, id: id, contentType: ContentType.batch,
            contentEncoding: ContentType.zstd, body: [1, 2, 3])
    }

    @Test func aBatchReachesTheHeadAsItWasSent() async throws {
        let fixture = try await LinkFixture()
        let outbox = RabbitMQOutbox(fixture.link)
        let stream = StreamID(from: east, to: .head)
        let tag = try await outbox.send(batch("id-1", from: east))
        #expect(try await outbox.confirmations(within: patience) == [.confirmed(tag)])
        // Nobody is there to take it.
        #expect(try await !outbox.isDrained(stream))

        let inbox = RabbitMQInbox(try fixture.anotherLink(), of: .head, prefetch: 4)
        #expect(try await inbox.want([.batch, .halt], from: [east]) == [:])
        let delivery = try #require(try await inbox.receive(within: patience))
        #expect(delivery.sender == "east" && delivery.senderClaim == #"routing key "east""#)
        #expect(delivery.kind == "batch" && delivery.id == "id-1" && delivery.contentType == ContentType.batch)
        #expect(delivery.contentEncoding == "zstd" && delivery.verifiedSender == "trunkline")
        #expect(delivery.place == LinkFixture.queue && !delivery.isMisplaced && delivery.body == [1, 2, 3])
        try await eventually("all is with the head") { try await outbox.isDrained(stream) }
        try await inbox.acknowledge(delivery)
        try await eventually("nothing left") { try await fixture.broker.messageCount(LinkFixture.queue) == 0 }
    }

    @Test func anAckReachesItsBranch() async throws {
        let fixture = try await LinkFixture()
        let ack = Envelope(
            from: .head, to: east, kind: .ack, id: "1", contentType: ContentType.ack, contentEncoding: nil, body: [4])
        _ = try await RabbitMQOutbox(fixture.link).send(ack)
        let inbox = RabbitMQInbox(try fixture.anotherLink(), of: east, prefetch: 4)
        try await inbox.want([.ack, .verify], from: [.head])
        let delivery = try #require(try await inbox.receive(within: patience))
        #expect(delivery.kind == "ack" && delivery.sender == "head" && delivery.body == [4])
    }

    @Test func whatNobodyTakesIsSaidInTheBrokersWords() async throws {
        let fixture = try await LinkFixture()
        let outbox = RabbitMQOutbox(fixture.link)
        let tag = try await outbox.send(batch("id-1", from: west))
        let reason = TrunklineCore.Confirmation.Reason(word: "NO_ROUTE", meaning: "the broker has no queue")
        #expect(try await outbox.confirmations(within: patience) == [.untaken(tag, reason)])
    }

    @Test func aSenderThatCannotBeReadStopsNoOtherOne() async throws {
        let fixture = try await LinkFixture()
        let inbox = RabbitMQInbox(fixture.link, of: .head, prefetch: 4)
        for _ in 1...2 {
            let leftOut = try await inbox.want([.batch, .halt], from: [east, west])
            #expect(leftOut.mapValues(\.code) == ["queue trunkline.branch.west.batches": .topology])
        }
        _ = try await RabbitMQOutbox(fixture.link).send(batch("id-1", from: east))
        #expect(try await inbox.receive(within: patience)?.id == "id-1")
        _ = try await fixture.addWest()
        // Nobody wants east's any more.
        #expect(try await inbox.want([.batch], from: [west]).keys.allSatisfy { $0.contains("west") })
    }

    @Test func aRefusedMessageIsBuriedWithItsReason() async throws {
        let fixture = try await LinkFixture()
        _ = try await RabbitMQOutbox(fixture.link).send(batch("id-1", from: east))
        let inbox = RabbitMQInbox(fixture.link, of: .head, prefetch: 4)
        try await inbox.want([.batch], from: [east])
        let delivery = try #require(try await inbox.receive(within: patience))
        let other = try fixture.anotherLink()
        try await RabbitMQDeadLetters(other).bury(delivery, reason: "forged: a test", by: "head-ingestor")
        try await other.consume([Topology.deadQueue], prefetch: 1)
        let dead = try #require(try await other.receive(within: patience))
        #expect(dead.routingKey == "east" && dead.type == "batch" && dead.messageID == "id-1")
        #expect(dead.body == delivery.body)
    }
}
