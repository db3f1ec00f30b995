import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// What a broker may do to messages, and what anybody may put on the head's queue.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct MessageTests {
    private let east = OfficeID("east")!

    private func link(_ site: Site) throws -> RabbitMQLink {
        RabbitMQLink(try RabbitMQConfiguration(url: site.brokerURL))
    }

    /// As east's services are connected.
    private func linkOfEast(_ site: Site) throws -> RabbitMQLink {
        RabbitMQLink(try RabbitMQConfiguration(url: site.brokerURL(of: site.east)))
    }

    /// Every message of the queue, taken out of it.
    private func takeAll(_ queue: String, _ link: RabbitMQLink, count: Int) async throws -> [AMQPDelivery] {
        try await link.consume([queue], prefetch: 1_000)
        var deliveries: [AMQPDelivery] = []
        while deliveries.count < count {
            guard let delivery = try await link.receive(within: .seconds(20)) else {
                throw TestFailure("only \(deliveries.count) of \(count) messages on \(queue)")
            }
            deliveries.append(delivery)
            try await link.acknowledge(delivery)
        }
        return deliveries
    }

    private func put(_ bodies: [[UInt8]], _ link: RabbitMQLink, key: String = "east") async throws {
        for body in bodies {
            _ = try await link.publish(
                OutboundMessage(
                    exchange: Topology.upExchange, routingKey: key, type: .batch, messageID: UUID().uuidString,
                    contentType: ContentType.batch, contentEncoding: ContentType.zstd, body: body))
        }
        var confirmed = 0
        while confirmed < bodies.count { confirmed += try await link.confirmations(within: .seconds(10)).count }
    }

    @Test(arguments: [1, 3]) func messagesArriveTwiceLateAndInReverse(ingestors: Int) async throws {
        let site = try await Site(
            Pairing(branch: .postgres, head: .postgres),
            settings: ["TRUNKLINE_BATCH_ROWS": "10", "TRUNKLINE_STALE_TIMEOUT": "600s"])
        try site.east.run("insert into item select n, 'row', n from generate_series(1, 200) n")
        try site.start("branch-publisher", at: site.east)
        let link = try link(site)
        let messages = try await takeAll(Topology.batchesQueue(of: east), link, count: 20)
        await link.close()
        let again = try linkOfEast(site)
        try await put(messages.reversed().map(\.body) + messages.map(\.body) + messages.reversed().map(\.body), again)
        await again.close()
        for copy in 1...ingestors { try site.start("head-ingestor", at: site.head, copy: copy) }
        try site.start("head-acker", at: site.head)
        try site.start("branch-ack-listener", at: site.east)
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        #expect(try site.head.run("select count(*) from trunkline.parked_batch") == "0")
        try await site.stopAll()
    }

    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func malformedMessagesGoToTheDeadLetterQueue(head: DatabaseKind)
        async throws
    {
        let site = try await Site(Pairing(branch: .postgres, head: head))
        try site.startAll()
        let header =
            #"{"version":1,"stream":"east>head","epoch":"\#(UUID())","number":1,"acked":0,"id":"\#(UUID())","tables":["#
        let table =
            #"{"name":"item","key":["id"],"columns":[{"name":"id","type":"bigint"}],"rows":%r,"rowBytes":%b,"deletes":0,"deleteBytes":0,"allNew":true}"#
        func body(_ text: String) -> [UInt8] { Zstd.compress(Array(text.utf8)) }
        func lying(rows: String, bytes: String) -> [UInt8] {
            body(header + table.replacing("%r", with: rows).replacing("%b", with: bytes) + "]}\n1\n")
        }
        var bomb = Zstd.compress([UInt8](repeating: 0, count: 256 << 20))
        bomb.reserveCapacity(bomb.count)
        let good = body(header + "]}\n")
        let messages: [[UInt8]] = [
            [], (0..<300).map { UInt8($0 % 251) }, Array(good.dropLast(3)), body("no header"),
            body(#"{"version":99}"# + "\n"), lying(rows: "2", bytes: "2"), lying(rows: "1", bytes: "999"),
            lying(rows: "-1", bytes: "2"), body(String(repeating: "[", count: 100_000) + "\n"), bomb,
            body(header.replacing("east>head", with: "west>head") + "]}\n"),
        ]
        let link = try link(site)
        let east = try linkOfEast(site)
        try await put(messages, east)
        await east.close()
        try site.east.run("insert into item values (1, 'still works', 1);")
        let dead = try await takeAll(Topology.deadQueue, link, count: messages.count)
        #expect(dead.count == messages.count)
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        let log = site.services["head/head-ingestor"]!.output
        for reason in ["protocol version 99", "the limit is", "not a zstd frame", "routing key"] {
            #expect(log.contains(reason), "no message was refused for: \(reason)")
        }
        await link.close()
        try await site.stopAll()
    }

    /// A branch that was upgraded first is told so, and goes on when the head is.
    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func aBatchOfALaterVersionHoldsItsStream(head: DatabaseKind)
        async throws
    {
        let site = try await Site(Pairing(branch: .sqlite, head: head))
        try site.startAll()
        try site.east.run("insert into item values (1, 'before', 1)")
        try await site.settle()
        let east = try linkOfEast(site)
        try await put([Zstd.compress(Array(#"{"version":99,"stream":"east>head"}"#.utf8) + [10])], east)
        await east.close()
        try await eventually("the branch is told") {
            try site.status(site.east).contains {
                $0.held?.contains("of protocol version 99") == true && $0.held?.contains("upgrade trunkline") == true
            }
        }
        let link = try link(site)
        #expect(try await link.depth(of: Topology.deadQueue).ready == 0)
        await link.close()
        // What a batch says that is understood is stored, after the pause of a hold.
        try site.east.run("insert into item values (2, 'after', 2)")
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        #expect(try site.status(site.head).allSatisfy { $0.held == nil })
        try await site.stopAll()
    }

    /// The broker says no to each batch, at once.
    @Test func aFullQueueIsSaidAndNotAskedAgainAndAgain() async throws {
        let site = try await Site(
            Pairing(branch: .postgres, head: .postgres), settings: ["TRUNKLINE_BATCH_ROWS": "1"])
        try await site.broker!.limitQueues(bytes: 1)
        try site.start("branch-publisher", at: site.east)
        let publisher = site.services["east/branch-publisher"]!
        try site.east.run("insert into item select n, 'row', n from generate_series(1, 20) n")
        try await publisher.waitForOutput("the broker refused a batch of stream east>head (nack)")
        try await eventually("it has tried again") {
            publisher.output.split(separator: "stream failed").count > 4
        }
        // Behind each refusal stands a pause of the stream, whose length its own tests check.
        let output = publisher.output
        let pauses = output.split(separator: "stream failed").count
        #expect(output.split(separator: "batch sent").count <= (pauses + 1) * 20)
        try await site.broker!.limitQueues(bytes: nil)
        for service in Site.headServices { try site.start(service, at: site.head) }
        try site.start("branch-ack-listener", at: site.east)
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        try await site.stopAll()
    }

    /// A row that this broker takes in no message is set aside at its sender; what else there is goes on.
    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func aRowOverTheBrokersLimit(branch: DatabaseKind) async throws {
        let broker = try await PrivateBroker()
        try await broker.control(
            "eval",
            "application:set_env(rabbit, max_message_size, 1000000), persistent_term:put(max_message_size, 1000000).")
        let site = try await Site(Pairing(branch: branch, head: .postgres), broker: broker)
        try site.startAll()
        try site.east.run("insert into item values (1, 'before', 1);")
        // Of bytes that do not become fewer by being packed.
        try site.east.run(
            branch == .postgres
                ? """
                insert into item select 2, string_agg(md5(n::text), ''), 2 from generate_series(1, 95000) n
                """
                : "insert into item values (2, hex(randomblob(1500000)), 2)")
        try site.east.run("insert into item values (3, 'after', 3);")
        try await eventually("the others are at the head") {
            (try? site.head.run("select id from item order by id")) == "1\n3"
        }
        try await eventually("the branch says why") {
            try site.trunkline(site.east, "rows", "item", "--state", "set-aside").contains("limit")
        }
        try site.east.run("update item set name = 'small' where id = 2;")
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        try await site.stopAll()
    }

    @Test func aReceiverThatIsAwayFillsNoBroker() async throws {
        let site = try await Site(
            Pairing(branch: .postgres, head: .postgres),
            settings: [
                "TRUNKLINE_BATCH_ROWS": "1", "TRUNKLINE_BATCH_WINDOW": "8", "TRUNKLINE_STALE_TIMEOUT": "1s",
                "TRUNKLINE_STALE_CEILING": "1s",
            ])
        try site.east.run("insert into item select n, 'row', n from generate_series(1, 100) n")
        for service in Site.branchServices { try site.start(service, at: site.east) }
        let link = try link(site)
        try await eventually("the window is full") {
            try await link.depth(of: Topology.batchesQueue(of: east)).ready >= 8
        }
        // Several time-outs pass, as the reaper counts them.
        try await site.services["east/stale-reaper"]!.waitForOutput("started")
        for second in 1...5 {
            try site.east.run("insert into item values (\(1_000 + second), 'more', 0)")
            try await Task.sleep(for: .seconds(1))
        }
        #expect(try await link.depth(of: Topology.batchesQueue(of: east)).ready == 8)
        await link.close()
        for service in Site.headServices { try site.start(service, at: site.head) }
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        try await site.stopAll()
    }

    @Test func aBranchThatNobodyAddedIsToldSoAndGoesOnWhenItIsAdded() async throws {
        let site = try await Site(Pairing(branch: .postgres, head: .postgres))
        let directory = try TemporaryDirectory()
        let north = try TestOffice("north", .sqlite, in: directory)
        try north.run(Site.schema)
        // It has a user at the broker, from somebody who has not told the head.
        let user = "trunkline.\(site.broker!.virtualHost).by-hand"
        let url = try await site.broker!.addUser(user)
        site.configure(north, brokerURL: url)
        try site.trunkline(north, "init")
        try north.run("insert into item values (1, 'early', 0);")
        try site.startAll()
        try site.start("branch-publisher", at: north)
        try await site.services["north/branch-publisher"]!.waitForOutput("trunkline branch add north")
        try site.trunkline(site.head, "branch", "add", "north", "--user", user)
        try await eventually("north's row is at the head") {
            // The table is not there before the first row is.
            (try? site.head.run("select count(*) from item where branch_id = 'north'")) == "1"
        }
        try await site.stopAll()
        withExtendedLifetime(directory) {}
    }
}
