import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Promise 8: east's credentials are in the hands of somebody who speaks AMQP by hand. West is honest, and its real
/// services run all the while.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct HostileBranchTests {
    private typealias Wire = RawAMQP.Wire

    private func site(_ settings: [String: String] = [:]) async throws -> Site {
        try await Site(Pairing(branch: .sqlite, head: .postgres), branches: ["east", "west"], settings: settings)
    }

    private func startHonest(_ site: Site) throws {
        for service in Site.headServices { try site.start(service, at: site.head) }
        for service in Site.branchServices { try site.start(service, at: site.branches[1]) }
    }

    /// West writes, and its rows arrive.
    private func westSyncs(_ site: Site, _ rows: ClosedRange<Int>) async throws {
        let west = site.branches[1]
        for id in rows { try west.run("insert into item values (\(id), 'honest', 1)") }
        try await eventually("west's rows are at the head", within: .seconds(60)) {
            (try? site.head.run("select count(*) from item where branch_id = 'west'")) == "\(rows.upperBound)"
        }
        try await eventually("west's rows are acked", within: .seconds(60)) {
            let status = try site.status(west)[0]
            return status.pending == 0 && status.inFlightBatches == 0
        }
        #expect(try site.differences(west) == [])
    }

    @Test func theBrokerRefusesAllButItsOwnRoutingKeyAndQueues() async throws {
        let site = try await site()
        try startHonest(site)
        try await westSyncs(site, 1...3)
        let queues = try await site.broker!.queues()
        let east = try RawAMQP(url: site.brokerURL(of: site.east))
        let westUser = try #require(try URLComponents(string: site.brokerURL(of: site.branches[1]))?.user)

        let ours = RawAMQP.Properties()
        for (exchange, key) in [
            ("trunkline.up", "west"), ("trunkline.up", "all"), ("trunkline.up", "east.x"), ("trunkline.up", ""),
            ("trunkline.acks", "west"), ("trunkline.acks", "east"), ("trunkline.acks", "head"),
            ("trunkline.down", "west"), ("trunkline.down", "east"), ("trunkline.head.acks", "west"),
            ("trunkline.head.acks", "east"), ("", "trunkline.branch.west.changes"),
            ("", "trunkline.branch.east.changes"),
            ("trunkline.dead", "east"), ("", "trunkline.head"),
            ("", "trunkline.branch.west.acks"), ("amq.topic", "x"),
        ] {
            #expect(try east.publish(exchange, key, ours, [1]).code == 403, "publish to \(exchange) with \(key)")
        }
        for user in [westUser, "trunkline", "guest"] {
            let forged = RawAMQP.Properties(userID: user)
            #expect(try east.publish("trunkline.up", "east", forged, [1]).code == 406, "as \(user)")
        }
        for queue in [
            "trunkline.head", "trunkline.head.acks", "trunkline.dead", "trunkline.branch.west.batches",
            "trunkline.branch.west.acks", "trunkline.branch.west.changes",
        ] {
            let name = Wire.short(queue)
            #expect(
                try east.attempt(60, 20, [0, 0] + name + Wire.short("") + [0] + Wire.long(0)).code == 403, "consume")
            #expect(try east.attempt(60, 70, [0, 0] + name + [0]).code == 403, "get from \(queue)")
            #expect(try east.attempt(50, 30, [0, 0] + name + [0]).code == 403, "purge \(queue)")
            #expect(try east.attempt(50, 40, [0, 0] + name + [0]).code == 403, "delete \(queue)")
            let binding = [0, 0] + name + Wire.short("trunkline.acks") + Wire.short("west")
            #expect(try east.attempt(50, 20, binding + [0] + Wire.long(0)).code == 403, "bind \(queue)")
            #expect(try east.attempt(50, 50, binding + Wire.long(0)).code == 403, "unbind \(queue)")
        }
        for queue in ["", "mine", "trunkline.branch.east.more", "trunkline.branch.east.acks"] {
            let durable = try east.attempt(50, 10, [0, 0] + Wire.short(queue) + [2] + Wire.long(0))
            #expect(durable.code == 403, "declare \(queue)")
            let exclusive = try east.attempt(50, 10, [0, 0] + Wire.short(queue) + [4] + Wire.long(0))
            #expect(exclusive.code == 403, "declare exclusive \(queue)")
        }
        let own = Wire.short("trunkline.branch.east.acks")
        #expect(try east.attempt(50, 40, [0, 0] + own + [0]).code == 403, "delete its own queue")
        let spy = [0, 0] + own + Wire.short("trunkline.up") + Wire.short("#")
        #expect(try east.attempt(50, 20, spy + [0] + Wire.long(0)).code == 403, "bind its own queue")
        #expect(
            try east.attempt(40, 10, [0, 0] + Wire.short("x") + Wire.short("topic") + [2] + Wire.long(0)).code == 403)
        #expect(try east.attempt(40, 20, [0, 0] + Wire.short("trunkline.up") + [0]).code == 403, "delete an exchange")
        // What its services do is allowed: to read its own queue, and to look how much of its own waits for the head.
        #expect(try east.attempt(60, 70, [0, 0] + own + [0]) == .done("60.72"))
        #expect(
            try east.attempt(50, 10, [0, 0] + Wire.short("trunkline.branch.east.batches") + [1] + Wire.long(0))
                == .done("50.11"))

        #expect(try await site.broker!.queues() == queues)
        try await westSyncs(site, 4...6)
        try await site.stopAll()
    }

    @Test(arguments: [DatabaseKind.postgres, .sqlite])
    func theHeadRefusesWhatTheBrokerLetsThrough(head: DatabaseKind) async throws {
        let site = try await Site(
            Pairing(branch: .sqlite, head: head), branches: ["east", "west"],
            settings: ["TRUNKLINE_RECEIVER_MAX_MESSAGE_BYTES": "100000"])
        try startHonest(site)
        let url = try site.brokerURL(of: site.east)
        let user = try #require(URLComponents(string: url)?.user)
        let east = try RawAMQP(url: url)
        func body(_ stream: String) -> [UInt8] {
            let header =
                #"{"version":1,"stream":"\#(stream)","epoch":"\#(UUID())","number":1,"acked":0,"id":"\#(UUID())","tables":[]}"#
            return Zstd.compress(Array((header + "\n").utf8))
        }
        let signed = RawAMQP.Properties(userID: user)
        let messages: [(RawAMQP.Properties, [UInt8])] = [
            (RawAMQP.Properties(), body("east>head")), (signed, body("west>head")), (signed, body("head>west")),
            (RawAMQP.Properties(userID: user, copies: ["west", "head", "all"]), body("west>head")),
            (signed, Zstd.compress(Array((String(repeating: "[", count: 1_000_000) + "\n").utf8))),
            (signed, Zstd.compress(Array((String(repeating: #"{"a":"#, count: 200_000) + "\n").utf8))),
            (signed, (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 167) }),
            (RawAMQP.Properties(type: "ack", userID: user), body("east>head")),
        ]
        for (properties, body) in messages {
            #expect(try east.publish("trunkline.up", "east", properties, body) == .done("60.80"))
        }
        // No UTF-8: three times as long when it has been read. RabbitMQ 4 does not take it.
        let unreadable = RawAMQP.Properties(userID: user, messageID: [UInt8](repeating: 0xff, count: 255))
        let isTaken = (try? east.publish("trunkline.up", "east", unreadable, body("west>head"))) == .done("60.80")
        try await westSyncs(site, 1...5)
        let link = RabbitMQLink(try RabbitMQConfiguration(url: site.brokerURL))
        try await eventually("all are dead letters") {
            try await link.depth(of: Topology.deadQueue).ready == messages.count + (isTaken ? 1 : 0)
        }
        await link.close()
        let log = site.services["head/head-ingestor"]!.output
        for reason in [
            "names no broker user", "came with routing key", "does not lead to", "over the limit", "message type ack",
        ] {
            #expect(log.contains(reason), "nothing was refused for: \(reason)")
        }
        #expect(try site.status(site.head).map(\.stream.description) == ["west>head"])
        try await site.stopAll()
    }

    @Test func aFloodIsRefusedCountedAndShutOut() async throws {
        let site = try await site()
        try startHonest(site)
        let url = try site.brokerURL(of: site.east)
        let user = try #require(URLComponents(string: url)?.user)
        let east = try RawAMQP(url: url)
        let link = RabbitMQLink(try RabbitMQConfiguration(url: site.brokerURL))
        // Twice what its queue has room for.
        let flood = 2 * 900
        for sent in [900, flood] {
            try east.flood(
                "trunkline.up", "east", RawAMQP.Properties(userID: user), [UInt8](repeating: 7, count: 1_000),
                times: 900)
            if sent == 900 { try await westSyncs(site, 1...5) }
            try await eventually("all are dead letters", within: .seconds(120)) {
                try await link.depth(of: Topology.deadQueue).ready == sent
            }
        }
        let ingestor = site.services["head/head-ingestor"]!
        #expect(ingestor.output.contains("count=1000"))
        #expect(ingestor.output.components(separatedBy: "message refused").count - 1 == 101)

        try site.trunkline(site.head, "branch", "suspend", "east")
        #expect(throws: TestFailure.self) {
            try east.flood("trunkline.up", "east", RawAMQP.Properties(userID: user), [7], times: 1)
        }
        #expect(throws: TestFailure.self) { try RawAMQP(url: url) }
        #expect(try await link.depth(of: Topology.deadQueue).ready == flood)
        await link.close()
        try await westSyncs(site, 6...8)
        try await site.stopAll()
    }
}
