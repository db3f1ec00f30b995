import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// From the head to its branches, with real processes and a real broker.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct DownTests {
    private static let price = "create table price (id integer primary key, name text, cents integer not null);"
    private static let down = #"[{"name": "price", "direction": "down"}]"#
    private static let taken = #"["item", {"name": "price", "direction": "down"}]"#

    private func site(
        _ pairing: Pairing, _ names: [String] = ["east"], settings: [String: String] = [:], tables: Site.Tables? = nil,
        headSchema: String = DownTests.price
    ) async throws -> Site {
        try await Site(
            pairing, branches: names, settings: settings, headSchema: headSchema,
            tables: tables
                ?? Site.Tables(head: Self.down, branch: Self.taken, branchSchema: Site.schema + Self.price))
    }

    private func start(_ site: Site, branches: [TestOffice]) throws {
        for service in Site.headSenders { try site.start(service, at: site.head) }
        for branch in branches { for service in Site.branchReceivers { try site.start(service, at: branch) } }
    }

    /// The rows of `price` that differ, as the two databases themselves say.
    private func differences(_ site: Site, _ branch: TestOffice) throws -> Set<String> {
        let list = "select id, name, cents from price"
        let here = try branch.run(list).split(separator: "\n").map(String.init)
        return Set(here).symmetricDifference(try site.head.run(list).split(separator: "\n").map(String.init))
    }

    private func sending(_ site: Site, to branch: TestOffice) throws -> StreamStatus {
        try #require(try site.status(site.head).first { $0.stream.description == "head>\(branch.id)" })
    }

    private func arrives(_ site: Site, _ branch: TestOffice, within timeout: Duration = .seconds(60)) async throws {
        do {
            try await eventually("\(branch.id) has what the head has", within: timeout) {
                try differences(site, branch).isEmpty && sending(site, to: branch).inFlightBatches == 0
            }
        } catch {
            let logs = site.services.map { "== \($0.key)\n\($0.value.output.suffix(1_500))" }.joined(separator: "\n")
            throw TestFailure("\(error)\n\(try site.trunkline(site.head, "status"))\n\(logs)")
        }
    }

    @Test(arguments: [Pairing(branch: .sqlite, head: .postgres), Pairing(branch: .postgres, head: .sqlite)])
    func aPriceReachesAllAndLaterWhoIsAway(_ pairing: Pairing) async throws {
        let site = try await site(pairing, ["east", "west", "north"])
        try start(site, branches: Array(site.branches.prefix(2)))
        let rows = (1...20_000).map { "(\($0), 'product \($0)', \($0))" }.joined(separator: ",")
        try site.head.run("insert into price values \(rows)")
        for branch in site.branches.prefix(2) { try await arrives(site, branch) }
        try site.head.run("update price set cents = cents + 1")
        for branch in site.branches.prefix(2) { try await arrives(site, branch) }
        // It was away for all of it, and gets each row once more at most: a batch for thousands of rows, not for one.
        let north = site.branches[2]
        for service in Site.branchReceivers { try site.start(service, at: north) }
        try await arrives(site, north)
        let status = try sending(site, to: north)
        #expect(status.watermark == status.lastFormed && status.lastFormed <= 24 && status.ackedRows <= 40_000)
        try site.startAll()
        let (code, text) = try await site.exit(site.head, "verify")
        #expect(code == 0, "\(text)")
        try await site.stopAll()
    }

    @Test(arguments: Pairing.mixed) func servicesAreKilledWhileBothSidesWrite(_ pairing: Pairing) async throws {
        let site = try await site(
            pairing, ["east", "west"],
            settings: ["TRUNKLINE_BATCH_ROWS": "7", "TRUNKLINE_STALE_TIMEOUT": "1s", "TRUNKLINE_STALE_CEILING": "3s"])
        try site.startAll()
        try start(site, branches: site.branches)
        var writer = Writer(seed: 5)
        var random = SplitMix64(seed: 11)
        for round in 0..<20 {
            try site.east.run(writer.statements(20))
            let first = round * 10 + 1
            for id in first..<(first + 10) { try site.head.run("insert into price values (\(id), 'p', 1)") }
            try site.head.run(
                "update price set cents = cents + 1 where id % 3 = \(round % 3); delete from price where id % 17 = \(round % 17)"
            )
            let victim = site.services.keys.sorted().randomElement(using: &random)!
            try await site.kill(victim)
            let parts = victim.split(separator: "/").map(String.init)
            try site.start(parts[1], at: parts[0] == "head" ? site.head : site.branches.first { $0.id == parts[0] }!)
        }
        for branch in site.branches { try await arrives(site, branch) }
        try await eventually("all of east is acked", within: .seconds(60)) {
            let status = try #require(try site.status(site.east).first { $0.direction == .sending })
            return status.pending == 0 && status.inFlightBatches == 0
        }
        #expect(try site.differences(site.east) == [])
        // Nothing came back: the head has no row of a branch's `price`, and no branch sent one.
        #expect(try site.status(site.head).filter { $0.setAside > 0 }.isEmpty)
        let (code, text) = try await site.exit(site.head, "verify")
        #expect(code == 0, "\(text)")
        try await site.stopAll()
    }

    @Test func aProductThatTheBranchHasSoldStaysThereWithItsReason() async throws {
        let product = "create table product (id integer primary key, name text);"
        let site = try await site(
            Pairing(branch: .postgres, head: .postgres), ["east"], settings: ["TRUNKLINE_RETRY_INTERVAL": "1s"],
            tables: Site.Tables(
                head: #"[{"name": "product", "direction": "down"}]"#,
                branch: #"["sale", {"name": "product", "direction": "down"}]"#,
                branchSchema: product
                    + "create table sale (id integer primary key, product_id integer not null references product);"),
            headSchema: product + "insert into product values (1, 'tea'), (2, 'jam');")
        try start(site, branches: site.branches)
        try await eventually("the catalogue is there") { try site.east.run("select count(*) from product") == "2" }
        try site.east.run("insert into sale values (1, 1)")
        try site.head.run("delete from product where id = 1; insert into product values (3, 'ink')")
        try await eventually("the delete is set aside, and the rest is there", within: .seconds(60)) {
            try sending(site, to: site.east).setAside == 1 && site.east.run("select count(*) from product") == "3"
        }
        let lines = try #require(site.services["east/branch-ingestor"]).output.split(separator: "\n")
        let line = try #require(lines.first { $0.contains("rows of a batch set aside") })
        #expect(line.contains("table=product") && line.contains("set_aside=1") && line.contains("warning"), "\(line)")
        let rows = try site.trunkline(site.east, "rows", "product", "--state", "set-aside")
        #expect(rows.contains("sale"), "\(rows)")
        #expect(try site.trunkline(site.head, "rows", "product", "--state", "set-aside").contains("sale"))
        try site.east.run("delete from sale")
        try site.trunkline(site.east, "retry")
        try await eventually("the product is gone", within: .seconds(60)) {
            try site.east.run("select count(*) from product") == "2" && sending(site, to: site.east).setAside == 0
        }
        try await site.stopAll()
    }

    @Test func anAckCountsOnlyFromTheBranchItself() async throws {
        let site = try await site(Pairing(branch: .sqlite, head: .postgres), ["east", "west"])
        for service in Site.headSenders { try site.start(service, at: site.head) }
        try site.head.run("insert into price values (1, 'tea', 1)")
        let west = site.branches[1]
        try await eventually("it is on its way to both") {
            try sending(site, to: site.east).inFlightBatches == 1 && sending(site, to: west).inFlightBatches == 1
        }
        let status = try sending(site, to: west)
        let ack = Ack(
            stream: status.stream, epoch: try #require(status.epoch), watermark: status.lastFormed, setAsideVersion: 0,
            setAside: nil, setAsideTotal: 0)
        let east = try RawAMQP(url: site.brokerURL(of: site.east))
        let user = try #require(try URLComponents(string: site.brokerURL(of: site.east))?.user)
        var properties = RawAMQP.Properties(userID: user)
        properties.type = "ack"
        let outcome = try east.publish("trunkline.head.acks", "head", properties, try ack.encoded())
        #expect(outcome.code == nil)
        let listener = try #require(site.services["head/head-ack-listener"])
        try await eventually("the head says that it dropped it") { listener.output.contains("may not speak for west") }
        #expect(try sending(site, to: west).inFlightBatches == 1)
        for service in Site.branchReceivers { try site.start(service, at: west) }
        try await arrives(site, west)
        try await site.stopAll()
    }

    /// Nothing of the head's stream is known there at first.
    @Test func aSyncAtAFreshBranchEndsWithTheCatalogue() async throws {
        let site = try await site(Pairing(branch: .sqlite, head: .postgres))
        try site.head.run("insert into price select i, 'p', i from generate_series(1, 3000) i")
        let (early, said) = try await site.exit(site.east, "sync", "--timeout", "3s")
        #expect(early == 1 && said.contains("is head-publisher running") && said.contains("direction: down"), "\(said)")
        for service in Site.headSenders { try site.start(service, at: site.head) }
        let (code, text) = try await site.exit(site.east, "sync", "--timeout", "60s")
        #expect(code == 0 && text.contains("3,000 changes stored"), "\(text)")
        #expect(try differences(site, site.east) == [])
        try await site.stopAll()
    }

    @Test(arguments: [Pairing(branch: .sqlite, head: .postgres), Pairing(branch: .sqlite, head: .sqlite)])
    func aSyncAtTheHeadNamesATableThatStandsStill(_ pairing: Pairing) async throws {
        let site = try await site(pairing)
        try start(site, branches: site.branches)
        try site.head.run("insert into price values (1, 'tea', 1)")
        try await arrives(site, site.east)
        try site.head.run("alter table price rename to prices")
        let (code, text) = try await site.exit(site.head, "sync", "--branch", "east", "--timeout", "20s")
        #expect(code == 1 && text.contains("table \"price\" stands still"), "\(text)")
        try site.head.run("alter table prices rename to price; drop table price")
        let (gone, other) = try await site.exit(site.head, "sync", "--timeout", "20s")
        #expect(gone == 1 && other.contains("table \"price\" stands still"), "\(other)")
        // What waits is waited for, and the table is named all the same.
        try site.head.run(Self.price)
        try site.trunkline(site.head, "init")
        for service in Site.branchReceivers { try await site.kill("east/\(service)") }
        try site.head.run("insert into price values (2, 'jam', 2); alter table price rename to prices")
        let (late, all) = try await site.exit(site.head, "sync", "--timeout", "8s")
        #expect(late == 1 && all.contains("table \"price\" stands still") && all.contains("by east"), "\(all)")
        try await site.stopAll()
    }
}
