import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// A table that a mapping routes, while the mapping table or a column of it has another name: what changes meanwhile
/// travels once it is whole again, whether or not anybody looked at it in between.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct MappingAwayTests {
    private static let rules = [
        TableRule(
            TableName("promotion"), direction: .down,
            route: .mapping(column: "region", through: TableName("region_branch"), from: "region", to: "branch_id"))
    ]
    private static let rows = "select id, region, v from promotion order by id"
    private static let mapping = """
        create table region_branch (region text, branch_id text);
        insert into region_branch values ('A', 'east'), ('B', 'west');
        """

    private func pair(_ table: String) async throws -> DownPair {
        let pair = try await DownPair(
            Pairing(branch: .sqlite, head: .postgres), [DownPair.east, DownPair.west],
            head: """
                \(table); \(Self.mapping)
                insert into promotion values (1, 'A', 1), (2, 'B', 2), (3, 'A', 3), (4, 'B', 4);
                """,
            branch: "create table promotion (id integer primary key, region text, v integer)", Self.rules)
        try await sync(pair)
        #expect(try pair.rows(Self.rows) == "1|A|1\n3|A|3")
        return pair
    }

    private func sync(_ pair: DownPair) async throws {
        for _ in 0..<3 {
            for branch in [DownPair.east, DownPair.west] { try await pair.sync(branch) }
        }
    }

    private static let tables = [
        "create table promotion (id integer primary key, region text, v integer)",
        """
        create table promotion (id integer primary key, region text, v integer) partition by range (id);
        create table promotion_1 partition of promotion for values from (0) to (1000)
        """,
    ]
    private static let absences = [
        ["alter table region_branch rename to elsewhere", "alter table elsewhere rename to region_branch"],
        [
            "alter table region_branch rename column branch_id to b",
            "alter table region_branch rename column b to branch_id",
        ],
        [
            "alter table region_branch rename column region to r",
            "alter table region_branch rename column r to region",
        ],
    ]

    @Test(arguments: tables, absences)
    func whatChangedMeanwhileTravels(table: String, absence: [String]) async throws {
        let pair = try await pair(table)
        try pair.headDatabase.run(
            """
            \(absence[0]);
            insert into promotion values (5, 'A', 5), (6, 'B', 6);
            update promotion set region = 'B' where id = 1;
            update promotion set v = 40 where id = 4;
            delete from promotion where id = 2;
            \(absence[1]);
            """)
        try await sync(pair)
        #expect(try pair.rows(Self.rows) == "3|A|3\n5|A|5")
        #expect(try pair.rows(Self.rows, at: DownPair.west) == "1|B|1\n4|B|40\n6|B|6")
        #expect(try await pair.verify().agrees)
        #expect(try await pair.verify(DownPair.west).agrees)
    }

    /// So does what the mapping itself says by then.
    @Test(arguments: [
        "alter table region_branch rename to elsewhere; update elsewhere set branch_id = 'west' where region = 'A'; alter table elsewhere rename to region_branch",
        "alter table region_branch rename column branch_id to b; update region_branch set b = 'west' where region = 'A'; alter table region_branch rename column b to branch_id",
        "alter table promotion rename column region to r; update region_branch set branch_id = 'west' where region = 'A'; alter table promotion rename column r to region",
        "alter table promotion rename to elsewhere; update region_branch set branch_id = 'west' where region = 'A'; alter table elsewhere rename to promotion",
    ])
    func aMappingThatChangedMeanwhileTravels(change: String) async throws {
        let pair = try await pair(Self.tables[0])
        try pair.headDatabase.run(change)
        try await sync(pair)
        #expect(try pair.rows(Self.rows) == "")
        #expect(try pair.rows(Self.rows, at: DownPair.west) == "1|A|1\n2|B|2\n3|A|3\n4|B|4")
    }

    /// Also of a table that was put back from a dump by itself, and has another oid.
    @Test func aTableFromADumpIsKnownToItsMapping() async throws {
        let pair = try await pair(Self.tables[0])
        let dump = "\(FileManager.default.temporaryDirectory.path)/\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: dump) }
        try Command.run(
            "/usr/bin/env", ["pg_dump", "--clean", "--table=promotion", "--file=\(dump)", pair.headDatabase.url])
        try Command.run("/usr/bin/env", ["psql", "-Xq", "--file=\(dump)", pair.headDatabase.url])
        _ = try await pair.head.initialise(OfficeSetup(office: .head, role: .head, tables: Self.rules))
        try await sync(pair)
        try pair.headDatabase.run(
            """
            alter table region_branch rename to elsewhere;
            update elsewhere set branch_id = 'west' where region = 'A';
            alter table elsewhere rename to region_branch
            """)
        try await sync(pair)
        #expect(try pair.rows(Self.rows) == "")
        #expect(try pair.rows(Self.rows, at: DownPair.west) == "1|A|1\n2|B|2\n3|A|3\n4|B|4")
    }

    /// The list of a branch's rows shows these rows.
    @Test(arguments: Pairing.all) func theFirstRowsOfABranchHaveTheirValues(pairing: Pairing) async throws {
        let pair = try await DownPair(
            pairing, [DownPair.east, DownPair.west],
            head: """
                create table note (id integer primary key, branch text, txt text);
                insert into note values (1, 'west', 'a'), (2, 'west', 'b'), (3, 'east', 'c'), (4, 'east', 'd'),
                    (5, 'east', 'e');
                """,
            branch: "create table note (id integer primary key, branch text, txt text)",
            [TableRule(TableName("note"), direction: .down, route: .column("branch"))])
        let listed = try await pair.head.rows(
            of: TableName("note"), matching: RowFilter(branch: DownPair.east, limit: 2))
        #expect(listed.rows.map(\.values) == [["3", "east", "c"], ["4", "east", "d"]])
    }
}
