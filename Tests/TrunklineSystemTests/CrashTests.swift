import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Promises 1 to 3: kill -9 of anything, at any moment, loses nothing, doubles nothing, and needs no hand.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct CrashTests {
    @Test(arguments: Pairing.mixed) func servicesAreKilledWhileTheTillWrites(pairing: Pairing) async throws {
        let site = try await Site(
            pairing,
            settings: ["TRUNKLINE_BATCH_ROWS": "7", "TRUNKLINE_STALE_TIMEOUT": "1s", "TRUNKLINE_STALE_CEILING": "3s"])
        try site.startAll()
        var writer = Writer(seed: 42)
        var random = SplitMix64(seed: 7)
        for _ in 0..<25 {
            try site.east.run(writer.statements(40))
            let victim = site.services.keys.sorted().randomElement(using: &random)!
            try await site.kill(victim)
            let parts = victim.split(separator: "/").map(String.init)
            try site.start(parts[1], at: parts[0] == "head" ? site.head : site.east)
        }
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        #expect(try site.head.run("select count(*) - count(distinct id) from item;") == "0")
        try await site.stopAll()
    }

    @Test func theBrokerIsStoppedAndComesBack() async throws {
        try await brokerGoesAndComesBack(rounds: 3) { try await $0.stop() }
    }

    /// The first time right after its queues were declared.
    @Test func theBrokerIsKilledAndComesBack() async throws {
        try await brokerGoesAndComesBack(rounds: 3) { try await $0.kill() }
    }

    private func brokerGoesAndComesBack(rounds: Int, _ end: (PrivateBroker) async throws -> Void) async throws {
        let broker = try await PrivateBroker()
        let site = try await Site(
            Pairing(branch: .sqlite, head: .postgres), branches: ["east", "west"], broker: broker,
            settings: [
                "TRUNKLINE_BATCH_ROWS": "50", "TRUNKLINE_STALE_TIMEOUT": "2s", "TRUNKLINE_STALE_CEILING": "5s",
            ])
        try site.startAll()
        var writers = [Writer(seed: 1), Writer(seed: 2)]
        for _ in 0..<rounds {
            for (index, branch) in site.branches.enumerated() { try branch.run(writers[index].statements(200)) }
            try await end(broker)
            for (index, branch) in site.branches.enumerated() { try branch.run(writers[index].statements(200)) }
            try await broker.start()
            try await site.settle(within: .seconds(100))
        }
        for branch in site.branches { #expect(try site.differences(branch) == []) }
        try await site.stopAll()
    }

    /// It takes no message then, so what the head refuses has to wait, and nothing else behind it.
    @Test func aBrokerThatIsLowOnMemoryIsDrainedPastARefusedMessage() async throws {
        let broker = try await PrivateBroker()
        let site = try await Site(Pairing(branch: .sqlite, head: .sqlite), broker: broker)
        let link = RabbitMQLink(try RabbitMQConfiguration(url: site.brokerURL))
        _ = try await link.publish(
            OutboundMessage(
                exchange: Topology.upExchange, routingKey: "east", type: .batch, messageID: "refused", contentType: "",
                contentEncoding: nil, body: [7]))
        #expect(try await link.confirmations(within: .seconds(30)).count == 1)
        await link.close()
        for service in Site.branchServices { try site.start(service, at: site.east) }
        // More than the head has in hand at a time.
        for number in 1...20 {
            try site.east.run("insert into item values (\(number), 'item', 1)")
            try await eventually("batch \(number)") { try site.status(site.east)[0].inFlightBatches == number }
        }
        try await broker.control("set_vm_memory_high_watermark", "0")
        for service in Site.headServices { try site.start(service, at: site.head) }
        try await eventually("all is stored", within: .seconds(60)) {
            try site.head.run("select count(*) from sqlite_master where name = 'item'") == "1"
                && site.head.run("select count(*) from item") == "20"
        }
        try await broker.control("set_vm_memory_high_watermark", "0.4")
        try await site.settle(within: .seconds(100))
        try await site.stopAll()
    }

    @Test func theDatabaseServerIsKilledAndComesBack() async throws {
        let server = try await PrivatePostgres()
        let site = try await Site(
            Pairing(branch: .postgres, head: .postgres), server: server.url,
            settings: ["TRUNKLINE_BATCH_ROWS": "20", "TRUNKLINE_STALE_TIMEOUT": "2s", "TRUNKLINE_STALE_CEILING": "5s"])
        try site.startAll()
        var writer = Writer(seed: 3)
        for _ in 0..<3 {
            try site.east.run(writer.statements(150))
            try await server.kill()
            try await server.start()
        }
        try await site.settle(within: .seconds(180))
        #expect(try site.differences(site.east) == [])
        try await site.stopAll()
    }

    @Test(arguments: Pairing.mixed) func severalCopiesOfEachServiceWorkTogether(pairing: Pairing) async throws {
        let site = try await Site(pairing, settings: ["TRUNKLINE_BATCH_ROWS": "5"])
        for copy in 1...2 {
            for service in Site.branchServices { try site.start(service, at: site.east, copy: copy) }
            try site.start("head-acker", at: site.head, copy: copy)
        }
        for copy in 1...3 { try site.start("head-ingestor", at: site.head, copy: copy) }
        var writer = Writer(seed: 11)
        for _ in 0..<10 { try site.east.run(writer.statements(100)) }
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        #expect(try site.status(site.head)[0].setAside == 0)
        try await site.stopAll()
    }
}
