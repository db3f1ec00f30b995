import Testing
import TrunklineCore
import TrunklineTesting

/// What a list of tables means in a real database, and what is refused with which words.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct TableSelectionTests {
    private static let postgresSchema = """
        create schema stock; create table stock.film (id int primary key);
        create table sale (id int, day date, primary key (id, day)) partition by range (day);
        create table sale_q2 partition of sale for values from ('2026-04-01') to ('2026-07-01');
        create table item (id int primary key, name text); insert into item values (1, 'a'), (2, 'b');
        create table note (text text);
        create view items as select * from item;
        create materialized view counted as select count(*) from item
        """

    private func plan(
        _ kind: DatabaseKind, _ schema: String, _ selection: TableSelection, countingRows: Bool = true
    ) async throws -> (InitialisationPlan, Pair) {
        let pair = try Pair(Pairing(branch: kind, head: .sqlite))
        try pair.branchDatabase.run(schema)
        return (try await pair.branch.planInitialisation(selection, countingRows: countingRows), pair)
    }

    private func listed(_ names: String...) -> TableSelection { .names(names.map { TableName(parsing: $0)! }) }

    @Test func allIsEveryTableWithAKeyOncePerRoot() async throws {
        let (plan, _) = try await plan(
            .postgres, Self.postgresSchema, .all(except: [TableName(schema: "stock", "film")]))
        #expect(plan.refusals == [])
        #expect(plan.tables.map(\.name.description) == ["item", "sale"])
        #expect(plan.tables.map(\.key) == [["id"], ["id", "day"]])
        #expect(plan.tables.map(\.rows) == [2, 0])
        #expect(plan.tables.allSatisfy { $0.isNew && $0.triggers.contains("truncate") })
        #expect(
            plan.warnings == [
                "table \"note\" has no primary key and is left out; add one, or name it as an exception: -note"
            ])
    }

    @Test func allOnSQLiteLeavesOutItsOwnAndKeylessTables() async throws {
        let (plan, pair) = try await plan(
            .sqlite,
            "create table item (id integer primary key); create table note (text); create view items as select * from item",
            .all(except: []))
        #expect(plan.tables.map(\.name.description) == ["item"])
        #expect(plan.warnings.count == 1 && plan.warnings[0].contains("\"note\" has no primary key"))
        try await pair.initialiseBranch(["item"])
        let again = try await pair.branch.planInitialisation(.all(except: []), countingRows: false)
        #expect(again.tables.map(\.name.description) == ["item"])
        #expect(again.tables.allSatisfy { !$0.isNew && $0.triggers.isEmpty })
    }

    @Test func everyRefusalNamesTheWayOut() async throws {
        let (plan, _) = try await plan(
            .postgres, Self.postgresSchema,
            listed("sale_q2", "items", "counted", "film", "itme", "note", "nothing_like_it"))
        #expect(
            plan.refusals == [
                "\"sale_q2\" is a partition of \"sale\"; name \"sale\" in its place",
                "\"items\" is a view; name the tables behind it, or leave it out of tables",
                "\"counted\" is a materialized view; name the tables behind it, or leave it out of tables",
                "table \"film\" does not exist; did you mean stock.film?",
                "table \"itme\" does not exist; did you mean item?",
                "table \"note\" has no primary key; add one, or leave the table out of tables",
                "table \"nothing_like_it\" does not exist; create it, or leave it out of tables",
            ])
    }

    @Test func aPartitionBesideItsParentIsRefused() async throws {
        let (plan, _) = try await plan(.postgres, Self.postgresSchema, listed("sale", "sale_q2"))
        #expect(plan.refusals == ["\"sale_q2\" is a partition of \"sale\"; leave it out, \"sale\" has its rows"])
    }

    @Test func twoSpellingsOfATableAreOneTable() async throws {
        let (plan, pair) = try await plan(.postgres, Self.postgresSchema, listed("public.item", "item"))
        #expect(plan.refusals == [] && plan.tables.map(\.name) == [TableName("item")])
        try await pair.initialiseBranch(["item"])
        let other = try await pair.branch.planInitialisation(listed("public.item"), countingRows: false)
        #expect(other.tables.map(\.name.description) == ["item"], "as it is captured already")
        #expect(other.released == [])
    }

    @Test func anExceptionThatIsNoTableIsRefused() async throws {
        let (plan, _) = try await plan(.postgres, Self.postgresSchema, .all(except: [TableName("itme")]))
        #expect(plan.refusals == ["tables: -itme: table \"itme\" does not exist; did you mean item?"])
    }

    @Test(arguments: DatabaseKind.allCases) func aPlanChangesNothing(kind: DatabaseKind) async throws {
        let (plan, pair) = try await plan(kind, "create table item (id integer primary key)", listed("item"))
        #expect(plan.createsBookkeeping)
        let left =
            kind == .postgres
            ? "select count(*) from pg_namespace where nspname = 'trunkline'"
            : "select count(*) from sqlite_master where name <> 'item'"
        #expect(try pair.branchDatabase.run(left) == "0")
        if kind == .sqlite { #expect(try pair.branchDatabase.run("pragma journal_mode") == "delete") }
    }

    @Test(arguments: [("public.item", "item"), ("item", "public.item")])
    func theHeadTakesATableUnderEitherSpelling(accepted: String, sent: String) async throws {
        let pair = try await Pair(
            branch: "create table item (id integer primary key); insert into item values (1)", tables: [sent],
            accepting: [accepted])
        try await pair.sync()
        #expect(try pair.headDatabase.run("select branch_id, id from item") == "east|1")
        #expect(try await pair.head.status().map(\.setAside) == [0])
    }
}
