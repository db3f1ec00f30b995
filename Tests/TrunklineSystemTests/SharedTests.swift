import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Tables that all offices write, with real processes and a real broker.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct SharedSystemTests {
    private static let schema = """
        create table customer (id integer primary key, name text, note text);
        create table stock (id integer primary key, name text, count integer);
        """
    private static let tables = """
        [{"name": "customer", "direction": "shared", "conflict": "manual"},
        {"name": "stock", "direction": "shared", "conflict": {"delta": ["count"], "then": "head-wins"}}]
        """
    private static let listing = "select id, name, note from customer order by id"
    private static let counts = "select id, count from stock order by id"

    private func site(_ pairing: Pairing, rows: String = "") async throws -> Site {
        let site = try await Site(
            pairing, branches: ["east", "west"],
            settings: ["TRUNKLINE_BATCH_ROWS": "7", "TRUNKLINE_STALE_TIMEOUT": "1s", "TRUNKLINE_STALE_CEILING": "3s"],
            headSchema: Self.schema + rows,
            tables: Site.Tables(head: Self.tables, branch: Self.tables, branchSchema: Self.schema + rows))
        try site.startAll()
        for service in Site.headSenders { try site.start(service, at: site.head) }
        for branch in site.branches { for service in Site.branchReceivers { try site.start(service, at: branch) } }
        return site
    }

    private func agree(_ site: Site, _ query: String) throws -> Bool {
        try Set(([site.head] + site.branches).map { try $0.run(query) }).count == 1
    }

    /// Services die while all offices write the same rows; in the end all have the same, and no difference is lost or
    /// counted twice.
    @Test(arguments: Pairing.all) func servicesAreKilledWhileAllWrite(_ pairing: Pairing) async throws {
        let stock = (1...20).map { "(\($0), 'article \($0)', 1000)" }.joined(separator: ",")
        let site = try await site(pairing, rows: "insert into stock values \(stock);")
        var random = SplitMix64(seed: 7)
        var expected = Dictionary(uniqueKeysWithValues: (1...20).map { ($0, 1_000) })
        for round in 0..<12 {
            for office in [site.head] + site.branches {
                for _ in 0..<5 {
                    let (id, difference) = (
                        Int.random(in: 1...20, using: &random), Int.random(in: -9...9, using: &random)
                    )
                    try office.run("update stock set count = count + \(difference) where id = \(id)")
                    expected[id]! += difference
                }
                let key = Int.random(in: 1...10, using: &random)
                try office.run(
                    "insert into customer values (\(key), '\(office.id) \(round)', null) on conflict (id) do update set name = excluded.name"
                )
                if round % 3 == 0 { try office.run("delete from customer where id = \(11 - key)") }
            }
            let victim = site.services.keys.sorted().randomElement(using: &random)!
            try await site.kill(victim)
            let parts = victim.split(separator: "/").map(String.init)
            try site.start(parts[1], at: parts[0] == "head" ? site.head : site.branches.first { $0.id == parts[0] }!)
        }
        let wanted = expected.sorted { $0.key < $1.key }.map { "\($0.key)|\($0.value)" }.joined(separator: "\n")
        do {
            try await eventually("all offices agree", within: .seconds(90)) {
                try site.head.run(Self.counts) == wanted && agree(site, Self.counts) && agree(site, Self.listing)
            }
        } catch {
            let logs = site.services.map { "== \($0.key)\n\($0.value.output.suffix(800))" }.joined(separator: "\n")
            throw TestFailure("\(error)\n\(try site.trunkline(site.head, "status"))\n\(logs)")
        }
        let (code, text) = try await site.exit(site.head, "verify")
        #expect(code == 0, "\(text)")
        try await site.stopAll()
    }

    @Test func aPersonDecides() async throws {
        let site = try await site(
            Pairing(branch: .sqlite, head: .postgres), rows: "insert into customer values (1, 'ada', 'old');")
        try await eventually("the tables have joined", within: .seconds(60)) {
            try site.head.run("select count(*) from trunkline.inbound where joined like '%customer%'") == "2"
        }
        for service in ["branch-publisher"] { try await site.kill("east/\(service)") }
        try site.east.run("update customer set name = 'eve' where id = 1")
        try site.head.run("update customer set name = 'uma' where id = 1")
        try site.start("branch-publisher", at: site.east)
        try await eventually("the conflict is known", within: .seconds(60)) {
            try site.trunkline(site.head, "conflicts", "--waiting").contains("WAITS")
        }
        let records = try JSONDecoder().decode(
            [ConflictRecord].self, from: Data(try site.trunkline(site.head, "conflicts", "--json").utf8))
        let id = try #require(records.first?.id)
        #expect(records.count == 1 && records[0].conflict.branchImage?["name"] == "eve")
        #expect(
            try site.trunkline(site.head, "status").contains("1 conflict over shared tables for somebody to decide"))
        let shown = try site.trunkline(site.head, "conflicts", "show", "\(id)")
        for part in ["* ", "uma", "eve", "by the clock of east", "resolve \(id) --pick head|branch"] {
            #expect(shown.contains(part), "\(shown)")
        }
        try site.trunkline(site.head, "conflicts", "resolve", "\(id)", "--set", "name=ida", "--set", "note")
        try await eventually("all have what was decided", within: .seconds(60)) {
            try agree(site, Self.listing) && site.east.run(Self.listing) == "1|ida|"
        }
        let (code, text) = try await site.exit(site.head, "conflicts", "resolve", "\(id)", "--pick", "branch")
        #expect(code == 78 && text.contains("it was decided over"), "\(text)")
        try await site.stopAll()
    }
}
