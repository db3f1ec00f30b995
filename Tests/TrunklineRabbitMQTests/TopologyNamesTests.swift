import Testing
import TrunklineCore

@testable import TrunklineRabbitMQ

/// The names of the design's section 6: offices of different versions must agree on them.
@Suite struct TopologyNamesTests {
    private typealias Queue = Topology.Queue
    private typealias Binding = Topology.Binding

    @Test func head() {
        let head = Topology.head
        #expect(
            head.exchanges == [
                "trunkline.up", "trunkline.down", "trunkline.acks", "trunkline.head.acks", "trunkline.dead",
            ])
        var acks = Queue(name: "trunkline.head.acks", deadLetterExchange: nil, byteLimit: 64 << 20)
        (acks.overflow, acks.deliveryLimit, acks.isReplaceable) = (.rejectPublish, 1_000_000, true)
        #expect(
            head.queues == [
                Queue(name: "trunkline.head", deadLetterExchange: "trunkline.dead"),
                Queue(name: "trunkline.dead", deadLetterExchange: nil, byteLimit: 1 << 30), acks,
            ])
        #expect(
            head.bindings == [
                Binding(queue: "trunkline.dead", exchange: "trunkline.dead", routingKey: "#"),
                Binding(queue: "trunkline.head.acks", exchange: "trunkline.head.acks", routingKey: "head"),
            ])
        #expect(head.retiredBindings == [])
    }

    @Test func branch() throws {
        let branch = Topology.branch(try #require(OfficeID("bo-17")))
        #expect(branch.exchanges.isEmpty)
        var batches = Queue(
            name: "trunkline.branch.bo-17.batches", deadLetterExchange: "trunkline.dead", byteLimit: 256 << 20)
        batches.messageLimit = 1_000
        (batches.overflow, batches.isSingleActiveConsumer) = (.rejectPublish, true)
        (batches.deliveryLimit, batches.isReplaceable) = (1_000_000, true)
        // What a branch rejects of it fills nobody's dead letters.
        var changes = batches
        changes.name = "trunkline.branch.bo-17.changes"
        changes.deadLetterExchange = nil
        var acks = Queue(name: "trunkline.branch.bo-17.acks", deadLetterExchange: nil, byteLimit: 16 << 20)
        (acks.deliveryLimit, acks.isReplaceable) = (1_000_000, true)
        #expect(branch.queues == [batches, changes, acks])
        #expect(
            Set(branch.bindings) == [
                Binding(queue: "trunkline.branch.bo-17.batches", exchange: "trunkline.up", routingKey: "bo-17"),
                Binding(queue: "trunkline.branch.bo-17.changes", exchange: "trunkline.down", routingKey: "bo-17"),
                Binding(queue: "trunkline.branch.bo-17.acks", exchange: "trunkline.acks", routingKey: "bo-17"),
            ])
        #expect(
            branch.retiredBindings == [
                Binding(queue: "trunkline.head", exchange: "trunkline.up", routingKey: "bo-17")
            ])
    }

    private let east = OfficeID("east")!
    private let west = OfficeID("west")!

    private func envelope(_ kind: Envelope.Kind, from: OfficeID, to: OfficeID) -> Envelope {
        Envelope(from: from, to: to, kind: kind, id: "", contentType: "", contentEncoding: nil, body: [])
    }

    @Test(arguments: [Envelope.Kind.batch, .halt])
    func whatABranchSendsFindsItsQueueAtTheHead(kind: Envelope.Kind) {
        let address = Topology.address(of: envelope(kind, from: east, to: .head))
        #expect(address == ("trunkline.up", "east"))
        let queue = Topology.batchesQueue(of: east)
        #expect(
            Topology.branch(east).bindings.contains(
                Binding(queue: queue, exchange: address.exchange, routingKey: address.routingKey)))
        #expect(
            Topology.queues(of: [kind], from: [east, west], to: .head) == [
                "trunkline.head", "trunkline.branch.east.batches", "trunkline.branch.west.batches",
            ])
        #expect(Topology.queues(of: [kind], from: [], to: .head) == ["trunkline.head"])
    }

    @Test(arguments: [Envelope.Kind.ack, .verify])
    func whatTheHeadSendsFindsItsQueueAtABranch(kind: Envelope.Kind) {
        #expect(Topology.address(of: envelope(kind, from: .head, to: east)) == ("trunkline.acks", "east"))
        #expect(Topology.queues(of: [kind], from: [.head], to: east) == ["trunkline.branch.east.acks"])
    }

    @Test(arguments: [Envelope.Kind.batch, .halt])
    func whatTheHeadWritesFindsItsQueueAtABranch(kind: Envelope.Kind) {
        #expect(Topology.address(of: envelope(kind, from: .head, to: east)) == ("trunkline.down", "east"))
        #expect(Topology.queues(of: [kind], from: [.head], to: east) == ["trunkline.branch.east.changes"])
        #expect(Topology.queue(of: StreamID(from: .head, to: east)) == "trunkline.branch.east.changes")
        #expect(Topology.queue(of: StreamID(from: east, to: .head)) == "trunkline.branch.east.batches")
    }

    @Test(arguments: [Envelope.Kind.ack, .verify])
    func whatABranchAnswersFindsTheHeadsOwnQueue(kind: Envelope.Kind) {
        #expect(Topology.address(of: envelope(kind, from: east, to: .head)) == ("trunkline.head.acks", "head"))
        #expect(Topology.queues(of: [kind], from: [], to: .head) == ["trunkline.head.acks"])
    }

    @Test func aCopyInTheQueueOfAnotherIsToldApart() {
        for queue in [
            "trunkline.branch.east.batches", "trunkline.branch.east.acks", "trunkline.branch.east.changes",
            "trunkline.head",
        ] {
            #expect(!Topology.isMisplaced("east", in: queue))
        }
        for key in ["west", "", "EAST", "east.batches"] {
            #expect(Topology.isMisplaced(key, in: "trunkline.branch.east.batches"))
            #expect(Topology.isMisplaced(key, in: "trunkline.head.acks"))
            // Of version 0.1: who it says it is from is looked at later.
            #expect(!Topology.isMisplaced(key, in: "trunkline.head"))
        }
    }
}
