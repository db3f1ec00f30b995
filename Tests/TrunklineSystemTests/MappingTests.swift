import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// A till with names of its own that feeds a table of the head's, with real processes and a real broker.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker))
struct MappingSystemTests {
    private static let unmapped = #"["other"]"#
    private static let mapped = """
        [{"name": "sale", "into": "turnover", "where": "qty <> 0", "new-columns": "refuse",
            "columns": {"amount": "qty", "source": {"value": "till"},
                "client_id": {"lookup": "client", "match": "number", "by": "client_no", "take": "id"}},
            "leave-out": ["client_no"]}]
        """
    private static let warehouse = """
        create table client (id integer primary key, number text unique);
        insert into client values (7, 'A1');
        create table turnover (branch_id text not null, id integer not null, amount integer, client_id integer,
            source text not null, primary key (branch_id, id));
        """

    /// What plan says by the configuration comes true, and what waits is found under both names.
    @Test(arguments: Pairing.mixed) func whatPlanSaysComesTrue(_ pairing: Pairing) async throws {
        let site = try await Site(
            pairing, headSchema: Self.warehouse,
            tables: Site.Tables(
                head: Self.unmapped, branch: "sale",
                branchSchema: """
                    create table sale (id integer primary key, qty integer, client_no text);
                    insert into sale values (1, 2, 'A1'), (2, 5, 'B2'), (3, 0, 'A1');
                    """))
        for service in Site.headServices { try site.start(service, at: site.head) }
        let sent = try site.trunkline(site.east, "plan", "sale")
        #expect(sent.contains("sale (key id), up, is captured; 3 rows here") && sent.contains("client_no"), "\(sent)")
        let early = try await site.exit(site.head, "plan", "sale")
        #expect(early.0 == 78 && early.1.contains("have come from east"), "\(early.1)")
        #expect(try await site.exit(site.east, "sync", "--timeout", "30s").0 != 0)

        #expect(try await site.exit(site.head, "plan", "sale").1.contains("not among the tables"))
        site.tables.head = Self.mapped
        let other = try await site.exit(site.head, "plan", "turnover")
        #expect(other.0 == 78 && other.1.contains("trunkline plan sale"), "\(other.1)")
        let table = try await site.exit(site.head, "plan", "sale")
        #expect(table.0 == 0 && table.1.contains("id of client whose number is client_no"), "\(table.1)")
        let row = try await site.exit(
            site.head, "plan", "sale", "--set", "id=1", "--set", "qty=2", "--set", "client_no=A1", "--json")
        let rehearsals = try JSONDecoder().decode([Rehearsal].self, from: Data(row.1.utf8))
        #expect(row.0 == 0 && rehearsals.first?.outcome == .stored, "\(row.1)")
        let waiting = try await site.exit(
            site.head, "plan", "sale", "--set", "id=2", "--set", "qty=5", "--set", "client_no=B2")
        #expect(waiting.0 == 3 && waiting.1.contains("no row whose number"), "\(waiting.1)")
        let twice = try await site.exit(site.head, "plan", "sale", "--set", "id=2", "--set", "id=3")
        #expect(twice.0 == 64 && twice.1.contains("id twice"), "\(twice.1)")
        #expect(try site.head.run("select count(*) from turnover") == "0")

        try site.trunkline(site.head, "init")
        #expect(try await site.exit(site.head, "retry", "sale").1.contains("2 stored, 1 left"))
        try await eventually("what plan said is stored", within: .seconds(30)) {
            try site.head.run("select branch_id, id, amount, client_id, source from turnover") == "east|1|2|7|till"
        }
        let stored = try await site.exit(site.head, "rows", "turnover")
        #expect(stored.0 == 0 && stored.1.contains("trunkline rows sale --state set-aside"), "\(stored.1)")
        #expect(try site.trunkline(site.head, "rows", "sale", "--state", "set-aside").contains("no row whose number"))
        try site.head.run("insert into client values (8, 'B2')")
        try site.trunkline(site.head, "retry", "sale")
        #expect(try site.head.run("select id, client_id from turnover order by id") == "1|7\n2|8")
        for service in Site.branchServices { try site.start(service, at: site.east) }
        try site.east.run("delete from sale where qty = 0")
        let verified = try await site.exit(site.head, "verify", "--timeout", "60s")
        #expect(!verified.1.contains("turnover"), "\(verified.1)")
        let gone = try await site.exit(site.head, "rows", "sale")
        #expect(gone.0 == 78 && gone.1.contains("trunkline rows turnover"), "\(gone.1)")
        try await site.stopAll()
    }
}
