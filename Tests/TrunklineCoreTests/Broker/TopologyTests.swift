import Testing

@testable import TrunklineCore

/// The names of the design's section 6: offices of different versions must agree on them.
@Suite struct TopologyTests {
    private typealias Queue = Topology.Queue
    private typealias Binding = Topology.Binding

    @Test func head() {
        let head = Topology.head
        #expect(head.exchanges == ["trunkline.up", "trunkline.down", "trunkline.acks", "trunkline.dead"])
        #expect(
            head.queues == [
                Queue(name: "trunkline.head", deadLetterExchange: "trunkline.dead"),
                Queue(name: "trunkline.head.acks", deadLetterExchange: "trunkline.dead"),
                Queue(name: "trunkline.dead", deadLetterExchange: nil, byteLimit: 1 << 30),
            ])
        #expect(
            Set(head.bindings) == [
                Binding(queue: "trunkline.dead", exchange: "trunkline.dead", routingKey: "#"),
                Binding(queue: "trunkline.head.acks", exchange: "trunkline.acks", routingKey: "head"),
            ])
    }

    @Test func branch() throws {
        let branch = Topology.branch(try #require(OfficeID("bo-17")))
        #expect(branch.exchanges.isEmpty)
        #expect(branch.queues.map(\.name) == ["trunkline.branch.bo-17.changes", "trunkline.branch.bo-17.acks"])
        #expect(branch.queues.allSatisfy { $0.deadLetterExchange == "trunkline.dead" })
        #expect(
            Set(branch.bindings) == [
                Binding(queue: "trunkline.head", exchange: "trunkline.up", routingKey: "bo-17"),
                Binding(queue: "trunkline.branch.bo-17.changes", exchange: "trunkline.down", routingKey: "bo-17"),
                Binding(queue: "trunkline.branch.bo-17.changes", exchange: "trunkline.down", routingKey: "all"),
                Binding(queue: "trunkline.branch.bo-17.acks", exchange: "trunkline.acks", routingKey: "bo-17"),
            ])
    }

    @Test func aPublisherOfABranchUsesWhatTheHeadBinds() throws {
        let east = try #require(OfficeID("east"))
        let publisher = Publisher.Configuration.upstream(from: east)
        #expect(publisher.stream == StreamID(from: east, to: .head))
        #expect(
            Topology.branch(east).bindings.contains(
                Binding(queue: Topology.headQueue, exchange: publisher.exchange, routingKey: publisher.routingKey)))
    }
}
