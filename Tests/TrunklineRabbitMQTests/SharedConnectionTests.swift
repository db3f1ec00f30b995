import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Links that share a connection, as the services of one process do.
@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct SharedConnectionTests {
    let broker: TestBroker
    /// Two links on one connection.
    let one: RabbitMQLink
    let other: RabbitMQLink

    init() async throws {
        broker = try await TestBroker()
        var configuration = try RabbitMQConfiguration(url: broker.url)
        // No heartbeat ends a wait.
        configuration.heartbeat = 600
        let connection = RabbitMQConnection(configuration)
        one = RabbitMQLink(on: connection)
        other = RabbitMQLink(on: connection)
        try await LinkFixture.declare(on: one)
    }

    @Test func aLinkThatWaitsKeepsNoOtherFromItsWork() async throws {
        try await one.consume([LinkFixture.queue], prefetch: 10)
        // Kept waiting, the other one would publish when this is over.
        async let waited = one.receive(within: .seconds(15))
        async let confirmations = other.confirmations(within: .seconds(15))
        try await Task.sleep(for: .milliseconds(200))
        _ = try await other.depth(of: LinkFixture.queue)
        _ = try await other.publish(.batch("a"))
        let delivery = try #require(try await waited)
        #expect(delivery.messageID == "a")
        #expect(try await confirmations.count == 1)
        try await one.acknowledge(delivery)
        try await eventually("one connection") { try await broker.connectionCount() == 1 }
        try await eventually("nothing left") { try await broker.messageCount(LinkFixture.queue) == 0 }
        // Each may wait in vain without the other noticing.
        async let nothing = one.receive(within: .milliseconds(300))
        #expect(try await other.confirmations(within: .milliseconds(300)) == [])
        #expect(try await nothing == nil)
    }

    @Test func eachLinkLearnsOnceThatTheConnectionIsLost() async throws {
        try await one.consume([LinkFixture.queue], prefetch: 10)
        _ = try await other.publishAndSettle(.batch("a"))
        let early = try #require(try await one.receive(within: patience))
        async let waiting = brokerError { _ = try await one.receive(within: patience) }
        try await broker.closeConnections()
        #expect(try await waiting.isTransient)
        // One is back, and the other still has to hear that its confirmations will not come.
        try await one.keepAlive()
        let lost = try await brokerError { _ = try await other.confirmations(within: patience) }
        #expect(lost.isTransient)
        let confirmation = try await other.publishAndSettle(.batch("b"))
        #expect(confirmation != nil)
        // Of the lost connection, so it says nothing about the same number of this one.
        try await one.acknowledge(early)
        let again = try #require(try await one.receive(within: patience))
        #expect(again.messageID == "a" && again.redelivered)
        #expect(try await one.receive(within: patience)?.messageID == "b")
        try await eventually("one connection") { try await broker.connectionCount() == 1 }
    }

    @Test func aChannelThatTheBrokerClosesIsNoMatterOfTheOthers() async throws {
        try await one.consume([LinkFixture.queue], prefetch: 10)
        _ = try await one.publish(.batch("a"))
        let delivery = try #require(try await one.receive(within: patience))
        let failed = try await brokerError {
            var lost = OutboundMessage.batch("b")
            lost.exchange = "no.such.exchange"
            _ = try await other.publish(lost)
            _ = try await other.confirmations(within: patience)
        }
        #expect(failed.code == .topology)
        try await one.acknowledge(delivery)
        #expect(try await one.settle(1).count == 1)
        try await eventually("nothing left") { try await broker.messageCount(LinkFixture.queue) == 0 }
        // And the other one goes on, at the next call.
        let confirmation = try await other.publishAndSettle(.batch("c"))
        #expect(confirmation != nil)
        #expect(try await one.receive(within: patience)?.messageID == "c")
        try await eventually("one connection") { try await broker.connectionCount() == 1 }
    }

    @Test func aLinkThatClosesGivesBackWhatItHasAndNothingElse() async throws {
        let west = try #require(OfficeID("west"))
        try await one.declare(.branch(west))
        let westQueue = Topology.batchesQueue(of: west)
        try await one.consume([LinkFixture.queue], prefetch: 10)
        try await other.consume([westQueue], prefetch: 10)
        _ = try await other.publishAndSettle(.batch("a"))
        _ = try await other.publishAndSettle(.batch("b", from: "west"))
        _ = try #require(try await one.receive(within: patience))
        let kept = try #require(try await other.receive(within: patience))
        await one.close()
        let reader = RabbitMQLink(try RabbitMQConfiguration(url: broker.url))
        try await reader.consume([LinkFixture.queue], prefetch: 10)
        #expect(try await reader.receive(within: patience)?.messageID == "a")
        await reader.close()
        try await other.acknowledge(kept)
        try await eventually("nothing left") { try await broker.messageCount(westQueue) == 0 }
        try await eventually("one connection") { try await broker.connectionCount() == 1 }
        await other.close()
        try await eventually("no connection") { try await broker.connectionCount() == 0 }
    }
}
