import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Rows that the receiver's database takes without an error and does not store, and rows that stand in each other's way.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct PassedOverRowTests {
    private static let item = "create table item (id integer primary key, n integer)"
    private static let headItem =
        "create table item (branch_id text, id integer, n integer, primary key (branch_id, id));"

    private static func skipping(_ event: String, _ head: DatabaseKind) -> String {
        let row = event == "delete" ? "old" : "new"
        guard head == .postgres else {
            return "create trigger skip before \(event) on item when \(row).n < 0 begin select raise(ignore); end;"
        }
        return """
            create function skip() returns trigger language plpgsql as $$
                begin if \(row).n < 0 then return null; end if; return \(row); end $$;
            create trigger skip before \(event) on item for each row execute function skip();
            """
    }

    @Test(arguments: DatabaseKind.allCases, ["insert", "update", "delete"])
    func whatATriggerPassesOverIsSetAside(head: DatabaseKind, event: String) async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: head), branch: Self.item, tables: ["item"], head: Self.headItem)
        try pair.branchDatabase.run("insert into item values (1, \(event == "delete" ? -1 : 1)), (2, 2)")
        if event != "insert" { try await pair.sync() }
        try pair.headDatabase.run(Self.skipping(event, head))
        switch event {
        case "insert": try pair.branchDatabase.run("update item set n = -1 where id = 1")
        case "update":
            try pair.branchDatabase.run("update item set n = -1 where id = 1; update item set n = 3 where id = 2")
        default: try pair.branchDatabase.run("delete from item")
        }
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside == 1)
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.count == 1 && reasons[0].contains("passed the row over"))
        #expect(try pair.headDatabase.run("select count(*) from item where id = 2") == (event == "delete" ? "0" : "1"))
    }

    /// A cast that rounds, cuts or drops is no way to store a value.
    @Test func whatAColumnWouldHoldOtherwiseIsSetAside() async throws {
        let pair = try await Pair(
            branch: """
                create table item (id integer primary key, d timestamp, n numeric(12,4), z timestamptz, f double precision)
                """, tables: ["item"],
            head: """
                create table item (branch_id text, id integer, d date, n numeric(12,2), z timestamp, f real,
                    primary key (branch_id, id))
                """)
        try pair.branchDatabase.run(
            """
            insert into item values (1, '2026-01-01', 1.25, null, 0.5), (2, '2026-01-01 13:45:01', 1, null, 1),
                (3, null, 0.1234, null, null), (4, null, null, '2026-01-01 12:00+02', null),
                (5, null, null, null, 0.123456789012), (6, '2026-02-01', 1.5000, null, 0.1)
            """)
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, d, n from item order by id") == "1|2026-01-01|1.25\n6|2026-02-01|1.50"
        )
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.count == 4 && reasons.allSatisfy { $0.contains("would hold another value") })
        try pair.headDatabase.run("alter table item alter n type numeric")
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 10).stored == 1)
    }

    /// Nor where the type has fields, elements or a length of its own.
    @Test func whatATypeWouldHoldOtherwiseIsSetAside() async throws {
        let pair = try await Pair(
            branch: """
                create table item (id integer primary key, i interval, j interval, z time, n text, c text, a numeric[],
                    d timestamp[], t timestamp)
                """, tables: ["item"],
            head: """
                create table item (branch_id text, id integer, i interval year to month, j interval(0), z timetz, n name,
                    c "char", a numeric(5,1)[], d date[], t time, primary key (branch_id, id))
                """)
        try pair.branchDatabase.run(
            """
            insert into item values (1, '1 year 2 mons 3 days'), (11, '1 year 2 mons');
            insert into item (id, j) values (2, '1.6 sec'), (12, '2 sec');
            insert into item (id, z) values (3, '01:02:03');
            insert into item (id, n) values (4, repeat('n', 80)), (14, 'n');
            insert into item (id, c) values (5, 'abc'), (15, 'a');
            insert into item (id, a) values (6, '{1.25,2}'), (16, '{1.5,2}');
            insert into item (id, d) values (7, '{2026-01-01 12:00}'), (17, '{2026-01-01}');
            insert into item (id, t) values (8, '2026-01-01 12:00');
            """)
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select string_agg(id::text, ' ' order by id) from item") == "11 12 14 15 16 17")
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.count == 8 && reasons.allSatisfy { $0.contains("would hold another value") })
    }

    /// What does not fit at all keeps nobody from seeing what would be rounded.
    @Test func aValueThatIsTooLargeHidesNoInexactOne() async throws {
        let pair = try await Pair(
            branch: "create table item (id integer primary key, n numeric(12,4))", tables: ["item"],
            head: "create table item (branch_id text, id integer, n numeric(6,2), primary key (branch_id, id))")
        try pair.branchDatabase.run(
            "insert into item values (1, 1.25), (2, 99999.5), (3, 1.125), (4, 88888.5), (5, 2.375)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, n from item") == "1|1.25")
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.count == 4)
        #expect(reasons.count { $0.contains("would hold another value") } == 2)
    }

    /// A time stamp without a zone is in UTC, whatever the head's own zone.
    @Test func aTimeStampWithoutAZoneIsInUTC() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .postgres),
            branch: "create table item (id integer primary key, at timestamp)", tables: ["item"],
            head: "create table item (branch_id text, id integer, at timestamptz, primary key (branch_id, id))")
        let database = try pair.headDatabase.run("select current_database()")
        try pair.headDatabase.run("alter database \(database) set timezone = 'Europe/Berlin'")
        try pair.branchDatabase.run("insert into item values (1, '2026-01-01 12:00:00')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select at at time zone 'UTC' from item") == "2026-01-01 12:00:00")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aShiftOfUniqueValuesIsStoredAtOnce(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key, pos integer)", tables: ["item"],
            head: """
                create table item (branch_id text, id integer, pos integer, primary key (branch_id, id),
                    unique (branch_id, pos))
                """)
        try pair.branchDatabase.run(
            "with recursive r (n) as (select 1 union all select n + 1 from r where n < 300) insert into item select n, n from r"
        )
        try await pair.sync()
        try pair.branchDatabase.run("update item set pos = pos + 1")
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try pair.headDatabase.run("select count(*) from item where pos = id + 1") == "300")
    }

    /// Which needs both rows in one statement: row by row each is in the other's way.
    @Test func aSwapIsStoredWhereTheConstraintIsDeferred() async throws {
        let pair = try await Pair(
            branch: "create table item (id integer primary key, pos integer)", tables: ["item"],
            head: """
                create table item (branch_id text, id integer, pos integer, primary key (branch_id, id),
                    unique (branch_id, pos) deferrable initially deferred)
                """)
        try pair.branchDatabase.run("insert into item values (1, 10), (2, 20)")
        try await pair.sync()
        try pair.branchDatabase.run("update item set pos = 30 - pos")
        try await pair.sync()
        #expect(try await pair.head.reasons(of: pair.stream) == [])
        #expect(try pair.headDatabase.run("select id, pos from item order by id") == "1|20\n2|10")
        #expect(try await pair.head.status()[0].setAside == 0)
    }

    /// A key that the head's column cannot hold harms no other row when a recovery keeps what it replaces.
    @Test func aRecoveryWithAKeyThatDoesNotFit() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .postgres), branch: Self.item, tables: ["item"], head: Self.headItem)
        try pair.branchDatabase.run("insert into item values (1, 1), (3000000000, 1)")
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside == 1)
        try pair.branchDatabase.backUp()
        try pair.branchDatabase.run("insert into item values (2, 2)")
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run("insert into item values (2, 20); update item set n = 5 where id = 3000000000")
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        for _ in 0..<40 where try await pair.branch.recovery(of: pair.stream) != nil { try await pair.sync() }
        #expect(try pair.headDatabase.run("select id, n from item order by id") == "1|1\n2|20")
        #expect(try pair.headDatabase.run("select count(*) from trunkline.superseded_row") != "0")
    }
}
