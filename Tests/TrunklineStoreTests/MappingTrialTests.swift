import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What people who tried mappings ran into, each for its kind.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct MappingTrialTests {
    private static func decimals(_ kind: DatabaseKind) -> String {
        kind == .postgres ? "numeric(10,2)" : "decimal_text(10,2)"
    }

    private func pair(
        _ pairing: Pairing, branch: String, head: String, _ mapping: RowMapping, tables: [String] = ["sale"]
    ) async throws -> Pair {
        let pair = try await Pair(pairing, branch: branch, tables: tables, head: head)
        try await configure(pair, mapping, tables)
        return pair
    }

    @discardableResult
    private func configure(
        _ pair: Pair, _ mapping: RowMapping, _ tables: [String] = ["sale"]
    ) async throws -> InitialisationReport {
        try await pair.head.initialise(
            OfficeSetup(
                office: .head, role: .head,
                tables: tables.map { TableRule(TableName($0), mapping: $0 == "sale" ? mapping : nil) }))
    }

    private func reasons(_ pair: Pair) async throws -> String {
        try await pair.head.reasons(of: pair.stream).joined(separator: "\n")
    }

    /// A value that is none of its column's type is not made into one on the way through an expression, a filter or a lookup.
    @Test(arguments: DatabaseKind.allCases) func nothingIsComputedOfAValueOfAnotherType(_ head: DatabaseKind)
        async throws
    {
        let lookup = RowMapping.Lookup(table: TableName("rate"), match: "value", by: "rate", take: "name")
        let pair = try await pair(
            Pairing(branch: .sqlite, head: head),
            branch: "create table sale (id integer primary key, qty integer, total decimal(10,2), rate decimal(10,2));",
            head: """
                create table rate (id integer primary key, value \(Self.decimals(head)), name text);
                insert into rate values (1, '1.24', 'r');
                create table sale (branch_id text, id integer, twice integer, rate_name text, primary key (branch_id, id));
                """,
            RowMapping(
                columns: ["twice": .expression("qty * 2"), "rate_name": .lookup(lookup)],
                leftOut: ["qty", "total", "rate"],
                filter: head == .postgres ? "total <> 0" : "decimal_compare(total, 0) <> 0"))
        try pair.branchDatabase.run(
            """
            insert into sale values (1, 3, '1.50', '1.24'), (2, 'three', '1.50', '1.24'), (3, 1, 0.004, '1.24'),
                (4, 1, '1.50', 1.235), (5, 1, '0.00', '1.24');
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, twice, rate_name from sale order by id") == "1|6|r")
        #expect(try await pair.head.status()[0].setAside == 3)
        #expect(try await reasons(pair).contains("none of its type"))
    }

    /// What is computed is put into its column as an `INSERT` would, and never cut off.
    @Test(arguments: DatabaseKind.allCases) func whatIsComputedAndDoesNotFitIsSetAside(_ head: DatabaseKind)
        async throws
    {
        let pair = try await pair(
            Pairing(branch: .postgres, head: head),
            branch: "create table sale (id integer primary key, name text, total numeric(10,2));",
            head: """
                create table sale (branch_id text, id integer, code varchar(5), eur \(Self.decimals(head)),
                    primary key (branch_id, id));
                """,
            RowMapping(
                columns: [
                    "code": .expression("upper(name)"),
                    "eur": .expression(head == .postgres ? "total" : "decimal_mul(total, '0.5')"),
                ], leftOut: ["name", "total"]))
        try pair.branchDatabase.run("insert into sale values (1, 'abc', 1), (2, 'abcdefgh', 1), (3, 'x', 1.01)")
        try await pair.sync()
        // SQLite has texts of any length, PostgreSQL rounds as in any INSERT.
        #expect(
            try pair.headDatabase.run("select id, code from sale order by id")
                == (head == .postgres ? "1|ABC\n3|X" : "1|ABC\n2|ABCDEFGH"))
        #expect(try await pair.head.status()[0].setAside == 1)
    }

    /// As the documents say it: what a lookup or an expression uses is left out, and the rest is compared.
    @Test(arguments: Pairing.all) func whatIsLeftOutIsNotCompared(_ pairing: Pairing) async throws {
        let lookup = RowMapping.Lookup(table: TableName("client"), match: "number", by: "client_no", take: "id")
        let pair = try await pair(
            pairing,
            branch: "create table sale (id integer primary key, qty integer, client_no text, price integer);",
            head: """
                create table client (id integer primary key, number text unique); insert into client values (7, 'A1');
                create table turnover (branch_id text, id integer, qty integer, client_id integer, twice integer,
                    primary key (branch_id, id));
                """,
            RowMapping(
                into: TableName("turnover"),
                columns: ["client_id": .lookup(lookup), "twice": .expression("price * 2")],
                leftOut: ["client_no", "price"]))
        try pair.branchDatabase.run("insert into sale values (1, 2, 'A1', 5)")
        try await pair.sync()
        let result = try await pair.verify()
        #expect(result.agrees && result.tables[0].notCompared == ["client_no", "price"], "\(result)")
        try pair.headDatabase.run("update turnover set qty = 3")
        #expect(try await pair.verify().differs)
    }

    /// Branches whose tills are upgraded on different days call a column otherwise for months.
    @Test(arguments: Pairing.all) func aColumnHasSeveralNames(_ pairing: Pairing) async throws {
        let mapping = RowMapping(
            columns: [
                "sku": .firstOf(["article", "ware"]), "kind": .firstOf(["kind", "'none'"]),
            ])
        let pair = try await pair(
            pairing, branch: "create table sale (id integer primary key, ware text);",
            head:
                "create table sale (branch_id text, id integer, sku text, kind text, primary key (branch_id, id));",
            mapping)
        try pair.branchDatabase.run("insert into sale values (1, 'nut')")
        try await pair.sync()
        try pair.branchDatabase.run(
            "alter table sale rename column ware to article; alter table sale add column kind text")
        try pair.branchDatabase.run("insert into sale values (2, 'bolt', 'new')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, sku, kind from sale order by id") == "1|nut|none\n2|bolt|new")
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await configure(pair, mapping).warnings == [])
    }

    /// One branch's table says nothing against the configuration of all others.
    @Test(arguments: Pairing.all) func oneBranchsTableKeepsNoInitFromItsWork(_ pairing: Pairing) async throws {
        let mapping = RowMapping(
            columns: ["twice": .expression("qty * 2"), "thrice": .expression("price * 3")], leftOut: ["qty", "price"])
        let pair = try await pair(
            pairing, branch: "create table sale (id integer primary key, qty integer, price integer);",
            head:
                "create table sale (branch_id text, id integer, twice integer, thrice integer, primary key (branch_id, id));",
            mapping)
        try pair.branchDatabase.run("insert into sale values (1, 2, 3)")
        try await pair.sync()
        try pair.branchDatabase.run(
            "alter table sale drop column qty; alter table sale drop column price; insert into sale values (2)")
        try await pair.sync()
        let warnings = try await configure(pair, mapping).warnings.joined(separator: "\n")
        for part in ["columns: twice", "columns: thrice", "as east sends it"] {
            #expect(warnings.contains(part), "\(warnings)")
        }
        #expect(try await reasons(pair).contains("columns: "))
        try await configure(pair, RowMapping(columns: ["twice": .constant("0"), "thrice": .constant("0")]))
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run("select id, twice from sale order by id") == "1|4\n2|0")
    }

    /// Where rows are compared, a text is what is written.
    @Test(arguments: DatabaseKind.allCases) func aTextIsStoredInATypedColumnAsItIsWritten(_ branch: DatabaseKind)
        async throws
    {
        let pair = try await Pair(
            Pairing(branch: branch, head: .postgres),
            branch: "create table sale (id integer primary key, price text, sold text, name text, doc text);",
            tables: ["sale"],
            head: """
                create table sale (branch_id text, id integer, price numeric(10,2), sold date, name varchar(3), doc jsonb,
                    primary key (branch_id, id));
                """)
        try pair.branchDatabase.run(
            """
            insert into sale values (1, '2.50', '2026-01-05', 'abc', '{"a":1}'), (2, '1.234', null, null, null),
                (3, '007', null, null, null), (4, null, 'today', null, null), (5, null, '2026-01-05 23:59:59', null, null),
                (6, null, null, 'abc  ', null);
            """)
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, price, sold, name from sale order by id") == "1|2.50|2026-01-05|abc")
        let status = try #require(try await pair.head.status().first)
        #expect(status.setAside == 5)
        #expect(status.differences[0].types.map(\.column) == ["price", "sold", "doc"], "\(status.differences)")
    }

    /// What is in double quotes is a column, also to SQLite, and what is compared with a number is one.
    @Test(arguments: [
        #""nothing" = 'paid'"#, "qty = ?", "total > 0", "0.00 <> total", "-1 < \"total\"",
    ]) func whatSQLiteTakesOtherwiseIsRefused(_ filter: String) async throws {
        let pair = try await pair(
            Pairing(branch: .sqlite, head: .sqlite),
            branch: "create table sale (id integer primary key, qty integer, total decimal(10,2));",
            head:
                "create table sale (branch_id text, id integer, qty integer, total decimal_text(10,2), primary key (branch_id, id));",
            RowMapping(filter: filter))
        try pair.branchDatabase.run("insert into sale values (1, 1, '1.00')")
        try await pair.sync()
        #expect(try await reasons(pair).contains("where: "))
        #expect(try pair.headDatabase.run("select count(*) from sale") == "0")
        try await configure(pair, RowMapping(filter: #""qty" = 1 and decimal_compare(total, '0.5') > 0"#))
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        let reasons = try await reasons(pair)
        #expect(try pair.headDatabase.run("select id, total from sale") == "1|1", "\(reasons)")
    }

    /// What compares more than the decimal alone means what it says.
    @Test(arguments: ["length(total) > 3", "abs(total) > 1", "qty * total > 5", "total <> '0.00'"])
    func whatSQLiteTakesAsItIsMeant(_ filter: String) async throws {
        let pair = try await pair(
            Pairing(branch: .postgres, head: .sqlite),
            branch: "create table sale (id integer primary key, qty integer, total numeric(10,2));",
            head:
                "create table Turnover (branch_id text, id integer, qty integer, total decimal_text(10,2), primary key (branch_id, id));",
            RowMapping(into: TableName("Turnover"), filter: filter))
        try pair.branchDatabase.run("insert into sale values (1, 3, 2.50), (2, 0, 0)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from Turnover where id = 1") == "1")
        #expect(try await pair.head.status()[0].setAside == 0)
    }

    /// A column that the receiver computes itself is nothing that it lacks.
    @Test(arguments: Pairing.all) func aColumnThatIsGeneratedHereIsNotKept(_ pairing: Pairing) async throws {
        let generated = pairing.head == .postgres ? "stored" : "virtual"
        let pair = try await Pair(
            pairing, branch: "create table sale (id integer primary key, qty integer, twice integer);",
            tables: ["sale"],
            head: """
                create table sale (branch_id text, id integer, qty integer,
                    twice integer generated always as (qty * 2) \(generated), primary key (branch_id, id));
                """)
        try pair.branchDatabase.run("insert into sale values (1, 2, 5)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, qty, twice from sale") == "1|2|4")
        let status = try #require(try await pair.head.status().first)
        #expect(status.setAside == 0 && status.differences[0].notStored == ["twice"])
    }

    /// However it is spelled, a table that takes another's rows takes no others, and a mapping holds for its table.
    @Test(arguments: [("public.turnover", "public.sale"), ("turnover", "sale")])
    func aTableHasOneNameHere(into: String, name: String) async throws {
        let pair = try await Pair(
            Pairing(branch: .postgres, head: .postgres),
            branch: """
                create table sale (id integer primary key, qty integer);
                create table turnover (id integer primary key, qty integer);
                """, tables: ["sale", "turnover"],
            head:
                "create table turnover (branch_id text, id integer, qty integer, source text, primary key (branch_id, id));"
        )
        _ = try await pair.head.initialise(
            OfficeSetup(
                office: .head, role: .head,
                tables: [
                    TableRule(
                        TableName(parsing: name)!,
                        mapping: RowMapping(
                            into: TableName(parsing: into)!, columns: ["source": .constant("till")], filter: "qty > 0"))
                ], acceptsNew: true))
        try pair.branchDatabase.run("insert into sale values (1, 1), (2, 0); insert into turnover values (1, 9)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, qty, source from turnover") == "1|1|till")
        #expect(try await reasons(pair).contains("takes the rows of"))
    }

    /// A table that comes up holds what each branch calls so.
    @Test(arguments: DatabaseKind.allCases) func aLookupFindsRowsOfTheSameBranch(_ head: DatabaseKind) async throws {
        let lookup = RowMapping.Lookup(table: TableName("code"), match: "code", by: "code", take: "name")
        let pair = try await pair(
            Pairing(branch: .sqlite, head: head),
            branch: """
                create table code (code text primary key, name text); insert into code values ('W', 'own');
                create table sale (id integer primary key, code text);
                """,
            head: """
                create table code (branch_id text, code text, name text, primary key (branch_id, code));
                insert into code values ('west', 'W', 'other'), ('west', 'X', 'other');
                create table sale (branch_id text, id integer, name text, primary key (branch_id, id));
                """,
            RowMapping(columns: ["name": .lookup(lookup)], leftOut: ["code"]), tables: ["code", "sale"])
        try await pair.sync()
        try pair.branchDatabase.run("insert into sale values (1, 'W'), (2, 'X')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, name from sale order by id") == "1|own")
        #expect(try await reasons(pair).contains("no row whose code"))
    }

    /// Of a row that is not stored nothing waits for a column.
    @Test(arguments: Pairing.all) func aRowThatIsLeftOutLacksNoColumn(_ pairing: Pairing) async throws {
        let pair = try await pair(
            pairing, branch: "create table sale (id integer primary key, qty integer, note text);",
            head: "create table sale (branch_id text, id integer, qty integer, primary key (branch_id, id));",
            RowMapping(filter: "qty <> 0", newColumns: .keep))
        try pair.branchDatabase.run("insert into sale values (1, 1, 'a'), (2, 0, 'b')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from sale") == "1")
        #expect(try await pair.head.status()[0].setAside == 1)
    }

    /// Who sends rows says neither how long computing takes nor how much comes of it.
    @Test(arguments: DatabaseKind.allCases) func whatIsComputedHasABound(_ head: DatabaseKind) async throws {
        let pair = try await pair(
            Pairing(branch: .sqlite, head: head), branch: "create table sale (id integer primary key, qty integer);",
            head: "create table sale (branch_id text, id integer, text text, primary key (branch_id, id));",
            RowMapping(
                columns: [
                    "text": .expression(
                        head == .postgres ? "repeat('x', 1000 * qty::integer)" : "substr(hex(zeroblob(500 * qty)), 1)")
                ], leftOut: ["qty"]))
        try pair.branchDatabase.run(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 90) insert into sale select i, 1000 from n"
        )
        try await pair.sync()
        let stored = Int(try pair.headDatabase.run("select count(*) from sale"))!
        let reasons = try await reasons(pair)
        #expect(stored > 50 && stored < 70, "\(stored) \(reasons)")
        #expect(reasons.contains("over 64 MiB"))
        // They are tried again by and by.
        for _ in 0..<3 { _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 40) }
        #expect(try pair.headDatabase.run("select count(*), max(length(text)) from sale") == "90|1000000")
    }

    @Test func whatIsComputedTakesNoLongerThanOthersWait() async throws {
        let slow =
            "(with recursive n (i) as (select qty union all select i + 1 from n where i < 100000) select count(*) from n)"
        let pair = try await pair(
            Pairing(branch: .sqlite, head: .sqlite), branch: "create table sale (id integer primary key, qty integer);",
            head: "create table sale (branch_id text, id integer, n integer, primary key (branch_id, id));",
            RowMapping(columns: ["n": .expression(slow)], leftOut: ["qty"]))
        try pair.branchDatabase.run(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 2000) insert into sale select i, 1 from n"
        )
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside > 0)
        #expect(try await reasons(pair).contains("takes too long"))
        #expect(try pair.headDatabase.run("select count(*) > 0 from sale") == "1")
    }

    /// A key need not be the primary one.
    @Test func rowsOfATableWithAUniqueIndexAreListed() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .postgres),
            branch: "create table sale (id integer primary key, qty integer); insert into sale values (1, 2);",
            tables: ["sale"],
            head:
                "create table sale (branch_id text not null, id integer not null, qty integer); create unique index on sale (branch_id, id)"
        )
        try await pair.sync()
        let rows = try await pair.head.rows(of: TableName("sale"), matching: RowFilter(limit: 10)).rows
        #expect(rows.map(\.values) == [["east", "1", "2"]])
    }

    /// What is wrong is said before anything is done, also without bookkeeping.
    @Test(arguments: DatabaseKind.allCases, [true, false])
    func aPlanNamesWhatIsWrongWithMappings(_ head: DatabaseKind, isNew: Bool) async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: head), branch: "create table sale (id integer primary key);",
            tables: ["sale"], head: "create table sale (branch_id text, id integer, primary key (branch_id, id));")
        if isNew {
            try pair.headDatabase.run(
                head == .postgres
                    ? "drop schema trunkline cascade"
                    : pair.headDatabase.run(
                        "select group_concat('drop table \"' || name || '\";', ' ') from sqlite_master where type = 'table' and name like 'trunkline%'"
                    ))
        }
        let lookup = RowMapping.Lookup(table: TableName("nothing"), match: "a", by: "b", take: "c")
        let plan = try await pair.head.planInitialisation(
            .listed([]),
            mapped: [
                MappedTableRule(
                    name: TableName("sale"),
                    mapping: RowMapping(columns: ["nope": .constant("1"), "x": .lookup(lookup)]))
            ], countingRows: false)
        for part in ["columns: nope", "columns: x: lookup: there is no table \"nothing\""] {
            #expect(plan.refusals.joined(separator: "\n").contains(part), "\(plan.refusals)")
        }
    }
}
