import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Recoveries of a table that is stored, and that nobody can compare whole.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct UncomparedRecoveryTests {
    private static let name = TableName("sale")

    /// A branch that was restored to its first row, and has sold under the key of a row that the head has of it.
    private func restoredBranch(_ pairing: Pairing, _ mapping: RowMapping, after change: String = "", head: String = "")
        async throws
        -> Pair
    {
        let pair = try await Pair(
            pairing, branch: "create table sale (id integer primary key, qty integer);", tables: ["sale"],
            head: "create table sale (branch_id text, id integer, qty integer, primary key (branch_id, id));" + head)
        _ = try await pair.head.initialise(
            OfficeSetup(office: .head, role: .head, tables: [TableRule(Self.name, mapping: mapping)]))
        try pair.branchDatabase.run(change + "insert into sale (id, qty) values (1, 1)")
        try await pair.sync()
        try pair.branchDatabase.backUp()
        try pair.branchDatabase.run("insert into sale (id, qty) values (2, 22)")
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run("insert into sale (id, qty) values (2, 33)")
        try await pair.stopByAck()
        return pair
    }

    private func superseded(_ pair: Pair) throws -> String {
        try pair.headDatabase.run("select row from \(pair.superseded(pair.headDatabase.kind))")
    }

    /// Which rows differ nobody can tell: all of the branch's come, and the head keeps a copy of each that they replace.
    @Test(arguments: Pairing.mixed) func whatAFilterHidesIsKept(_ pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing, RowMapping(filter: "qty <> 0"))
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select id, qty from sale order by id") == "1|1\n2|33")
        #expect(try superseded(pair).contains("22"))
        #expect(try await pair.branch.status()[0].lastRecovery?.differing == [Self.name])
    }

    /// What was set aside while the branch's rows stood replaces no row of the head's without a copy later on.
    @Test(arguments: Pairing.mixed) func whatWaitsKeepsACopyToo(_ pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing, RowMapping(newColumns: .refuse))
        try pair.branchDatabase.run("alter table sale add column note text; update sale set note = 'n' where id = 2")
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select id, qty from sale order by id") == "1|1\n2|22")
        try pair.headDatabase.run("alter table sale add column note text")
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run("select id, qty, note from sale order by id") == "1|1|\n2|33|n")
        #expect(try superseded(pair).contains("22"))
    }

    /// A row that cannot come back whole is named.
    @Test(arguments: Pairing.mixed) func whatTheHeadHasInPartIsNamed(_ pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing, RowMapping(newColumns: .keep), after: "alter table sale add column note text;")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select id, qty from sale order by id") == "1|1\n2|22")
        let report = try #require(try await pair.branch.status()[0].lastRecovery)
        #expect(report.tables.map(\.notReturned) == [1], "\(report)")
    }

    /// What is left out of a comparison is left out of all that is asked besides.
    @Test(arguments: Pairing.mixed) func aTableWithALookupIsRecovered(_ pairing: Pairing) async throws {
        let lookup = RowMapping.Lookup(table: TableName("code"), match: "code", by: "note", take: "id")
        let pair = try await restoredBranch(
            pairing, RowMapping(columns: ["code_id": .lookup(lookup)], leftOut: ["note"]),
            after: "alter table sale add column note text;",
            head: """
                create table code (id integer primary key, code text unique);
                alter table sale add column code_id integer;
                """)
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select id, qty from sale order by id") == "1|1\n2|22")
    }

    /// An expression that fails as if a table were missing fails for its rows alone, however often it is computed.
    @Test func anExpressionThatFailsInARecovery() async throws {
        let pair = try await restoredBranch(
            Pairing(branch: .sqlite, head: .postgres),
            RowMapping(columns: ["code_id": .expression("rate(qty::integer)")]),
            head: """
                alter table sale add column code_id integer;
                create function rate(qty integer) returns integer language plpgsql as $$
                begin if qty > 30 then return (select x from nothing); end if; return qty; end $$;
                """)
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select id, qty, code_id from sale order by id") == "1|1|1\n2|22|22")
        #expect(try await pair.head.status()[0].setAside == 1)
    }

    /// The answer to a comparison tells of a column that became a computed one.
    @Test(arguments: Pairing.mixed) func aColumnThatBecameAComputedOne(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table sale (id integer primary key, qty integer, twice integer);",
            tables: ["sale"],
            head:
                "create table sale (branch_id text, id integer, qty integer, twice integer, primary key (branch_id, id));"
        )
        try pair.branchDatabase.run("insert into sale values (1, 2, 5)")
        try await pair.sync()
        let generated = pairing.head == .postgres ? "stored" : "virtual"
        try pair.headDatabase.run("alter table sale drop column twice")
        try pair.headDatabase.run(
            "alter table sale add column twice integer generated always as (qty * 2) \(generated)")
        #expect(try await pair.verify().tables[0].problem?.contains("twice") == true)
        let result = try await pair.verify()
        #expect(result.agrees && result.tables[0].notCompared == ["twice"], "\(result)")
    }

    /// One delete of a table that its branch does not take is no reason to send all of it once more.
    @Test(arguments: Pairing.mixed) func aDeleteLoadsNoTableThatIsRefused(_ pairing: Pairing) async throws {
        let pair = try await DownPair(pairing, head: DownPair.prices, branch: DownPair.price, DownPair.all)
        try await pair.sync()
        try pair.headDatabase.run("alter table price add column unit text")
        try pair.headDatabase.run("update price set unit = 'kg' where id = 1")
        try await pair.sync()
        #expect(try await pair.sending().setAside == 1)
        try pair.headDatabase.run("delete from price where id = 3")
        #expect(try await pair.sync() == 1)
        #expect(try pair.rows("select count(*) from price where id = 3") == "0")
        #expect(try await pair.sending().setAside == 1)
        #expect(try await pair.sync() == 0)
    }

    /// Who says later that columns are to be added gets them, also where the head has nothing new.
    @Test(arguments: Pairing.mixed) func whatIsKeptAtABranchIsAddedWhenItSaysSo(_ pairing: Pairing) async throws {
        func taking(_ policy: NewColumns) -> [TableRule] {
            [TableRule(TableName("price"), direction: .down, mapping: RowMapping(newColumns: policy))]
        }
        let pair = try await DownPair(
            pairing, head: DownPair.prices, branch: DownPair.price, DownPair.all, taking: taking(.keep))
        try await pair.sync()
        try pair.headDatabase.run("alter table price add column unit text")
        try pair.headDatabase.run("update price set unit = 'kg' where id = 1")
        try await pair.sync()
        let branch = pair.branches[DownPair.east]!
        _ = try await branch.store.initialise(OfficeSetup(office: DownPair.east, role: .branch, tables: taking(.add)))
        _ = try await branch.store.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.rows("select id, unit from price where id = 1") == "1|kg")
    }
}
