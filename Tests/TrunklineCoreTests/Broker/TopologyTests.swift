import Testing

@testable import TrunklineCore

/// The names of the design's section 6: offices of different versions must agree on them.
@Suite struct TopologyTests {
    private typealias Queue = Topology.Queue
    private typealias Binding = Topology.Binding

    @Test func head() {
        let head = Topology.head
        #expect(head.exchanges == ["trunkline.up", "trunkline.acks", "trunkline.dead"])
        #expect(
            head.queues == [
                Queue(name: "trunkline.head", deadLetterExchange: "trunkline.dead"),
                Queue(name: "trunkline.dead", deadLetterExchange: nil, byteLimit: 1 << 30),
            ])
        #expect(
            head.bindings == [Binding(queue: "trunkline.dead", exchange: "trunkline.dead", routingKey: "#")])
        #expect(head.retiredBindings == [])
        #expect(head.retiredQueues == ["trunkline.head.acks"])
    }

    @Test func branch() throws {
        let branch = Topology.branch(try #require(OfficeID("bo-17")))
        #expect(branch.exchanges.isEmpty)
        var batches = Queue(
            name: "trunkline.branch.bo-17.batches", deadLetterExchange: "trunkline.dead", byteLimit: 256 << 20)
        batches.messageLimit = 1_000
        (batches.overflow, batches.isSingleActiveConsumer) = (.rejectPublish, true)
        var acks = Queue(name: "trunkline.branch.bo-17.acks", deadLetterExchange: nil, byteLimit: 16 << 20)
        acks.isReplaceable = true
        #expect(branch.queues == [batches, acks])
        #expect(
            Set(branch.bindings) == [
                Binding(queue: "trunkline.branch.bo-17.batches", exchange: "trunkline.up", routingKey: "bo-17"),
                Binding(queue: "trunkline.branch.bo-17.acks", exchange: "trunkline.acks", routingKey: "bo-17"),
            ])
        #expect(
            branch.retiredBindings == [
                Binding(queue: "trunkline.head", exchange: "trunkline.up", routingKey: "bo-17")
            ])
        #expect(branch.retiredQueues == ["trunkline.branch.bo-17.changes"])
    }

    @Test func aPublisherOfABranchUsesWhatTheHeadBinds() throws {
        let east = try #require(OfficeID("east"))
        let publisher = Publisher.Configuration.upstream(from: east)
        #expect(publisher.stream == StreamID(from: east, to: .head))
        #expect(
            Topology.branch(east).bindings.contains(
                Binding(
                    queue: Topology.batchesQueue(of: east), exchange: publisher.exchange,
                    routingKey: publisher.routingKey)))
    }
}
