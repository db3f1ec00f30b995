import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Rows of a table that looks otherwise at its receiver.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct MappingTests {
    private static func sale(_ kind: DatabaseKind) -> String {
        "create table sale (id integer primary key, qty integer, total \(decimals(kind)), customer_no text, note text);"
    }

    private static func decimals(_ kind: DatabaseKind) -> String {
        kind == .postgres ? "numeric(12,2)" : "decimal_text(12,2)"
    }

    /// A till's table of another shape, with a lookup and a computed column.
    private static func warehouse(_ kind: DatabaseKind) -> String {
        """
        create table client (id integer primary key, number text unique);
        insert into client values (7, 'A1'), (8, 'B2');
        create table turnover (branch_id text not null, no integer not null, amount integer, total \(decimals(kind)),
            total_eur \(decimals(kind)), client_id integer references client (id), source text not null,
            primary key (branch_id, no));
        """
    }

    private static func mapping(_ kind: DatabaseKind, filter: String? = nil) -> RowMapping {
        RowMapping(
            into: TableName("turnover"),
            columns: [
                "no": .expression("id"), "amount": .expression("qty"), "source": .constant("till"),
                "total_eur": .expression(
                    kind == .postgres ? "total * 0.92" : "decimal_round(decimal_mul(total, '0.92'), 2)"),
                "client_id": .lookup(
                    RowMapping.Lookup(table: TableName("client"), match: "number", by: "customer_no", take: "id")),
            ], leftOut: ["customer_no", "note"], filter: filter)
    }

    private func pair(
        _ pairing: Pairing, _ mapping: RowMapping, head: String, branch: String = "",
        tables: [String] = ["sale"]
    ) async throws -> Pair {
        let pair = try await Pair(
            pairing, branch: Self.sale(pairing.branch) + branch, tables: tables, head: head)
        _ = try await pair.head.initialise(
            OfficeSetup(
                office: .head, role: .head,
                tables: tables.map { TableRule(TableName($0), mapping: $0 == "sale" ? mapping : nil) }))
        return pair
    }

    private static let listing =
        "select branch_id, no, amount, total, total_eur, client_id, source from turnover order by no"

    @Test(arguments: Pairing.all) func rowsBecomeThoseOfAnotherTable(_ pairing: Pairing) async throws {
        let pair = try await pair(pairing, Self.mapping(pairing.head), head: Self.warehouse(pairing.head))
        try pair.branchDatabase.run(
            "insert into sale values (1, 2, '12.50', 'A1', 'x'), (2, 3, '0.10', null, 'y'), (3, 1, '9.99', 'Z9', null)")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run(Self.listing) == "east|1|2|12.50|11.50|7|till\neast|2|3|0.10|0.09||till")
        // What refers to a client that is not here yet waits for it.
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons == ["table \"client\" has no row whose number is the row's customer_no"])
        try pair.headDatabase.run("insert into client values (9, 'Z9')")
        try pair.branchDatabase.run(
            "update sale set qty = 5, total = '20.00' where id = 1; delete from sale where id = 2")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run(Self.listing) == "east|1|5|20.00|18.40|7|till\neast|3|1|9.99|9.19|9|till")
        #expect(try await pair.branch.status()[0].setAside == 0)
        // The same key of another name goes.
        try pair.branchDatabase.run("update sale set id = 30 where id = 3")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select no from turnover order by no") == "1\n30")
    }

    /// Columns that are left out, or have another name, and nothing else.
    @Test(arguments: Pairing.all, [["note"], ["qty"], ["customer_no", "note"], []])
    func columnsAreLeftOut(_ pairing: Pairing, _ leftOut: [String]) async throws {
        let pair = try await pair(
            pairing, RowMapping(columns: ["sum": .expression("total")], leftOut: leftOut),
            head:
                "create table sale (branch_id text, id integer, qty integer, sum \(Self.decimals(pairing.head)), customer_no text, note text, primary key (branch_id, id));"
        )
        try pair.branchDatabase.run("insert into sale values (1, 2, '12.50', 'A1', 'x')")
        try await pair.sync()
        let values = [("qty", "2"), ("sum", "12.50"), ("customer_no", "A1"), ("note", "x")]
        #expect(
            try pair.headDatabase.run("select id, qty, sum, customer_no, note from sale")
                == "1|" + values.map { leftOut.contains($0.0) ? "" : $0.1 }.joined(separator: "|"))
        try pair.branchDatabase.run("delete from sale")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from sale") == "0")
    }

    @Test(arguments: Pairing.all) func rowsThatDoNotFulfilTheFilterAreNotStored(_ pairing: Pairing) async throws {
        let pair = try await pair(
            pairing, RowMapping(filter: "qty > 0"),
            head:
                "create table sale (branch_id text, id integer, qty integer, total \(Self.decimals(pairing.head)), customer_no text, note text, primary key (branch_id, id));"
        )
        try pair.branchDatabase.run("insert into sale (id, qty) values (1, 1), (2, 0), (3, null), (4, 4)")
        try await pair.sync()
        let listing = "select id, qty from sale order by id"
        #expect(try pair.headDatabase.run(listing) == "1|1\n4|4")
        try pair.branchDatabase.run("update sale set qty = 3 where id = 2; update sale set qty = 0 where id = 4")
        try await pair.sync()
        #expect(try pair.headDatabase.run(listing) == "1|1\n2|3")
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    /// One row whose expression fails is set aside, and stored when the cause is mended.
    @Test(arguments: Pairing.all) func aRowOfWhichNothingCanBeComputed(_ pairing: Pairing) async throws {
        let isServer = pairing.head == .postgres
        let pair = try await pair(
            pairing,
            RowMapping(
                columns: [
                    "rate": .expression(isServer ? "100 / qty" : "decimal_mul(note, qty)")
                ], leftOut: ["total", "customer_no", "note"]),
            head:
                "create table sale (branch_id text, id integer, qty integer, rate integer, primary key (branch_id, id));"
        )
        try pair.branchDatabase.run("insert into sale (id, qty, note) values (1, 5, '4'), (2, 0, 'x'), (3, 4, '5')")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, rate from sale order by id") == "1|20\n3|\(isServer ? "25" : "20")")
        #expect(try await pair.branch.status()[0].setAside == 1)
        try pair.branchDatabase.run("update sale set qty = 2, note = '25' where id = 2")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select rate from sale where id = 2") == "50")
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    /// Thousands of rows, of which some are bad, in the shape that is stored fastest.
    @Test(arguments: DatabaseKind.allCases) func manyRowsAreMapped(_ head: DatabaseKind) async throws {
        let pair = try await pair(
            Pairing(branch: .sqlite, head: head), Self.mapping(head, filter: "qty <> 3"), head: Self.warehouse(head))
        try pair.branchDatabase.run(
            """
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)
            insert into sale select i, i % 10, '1.10', case when i % 100 = 50 then 'none' else 'B2' end, null from n
            """)
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select count(*), min(client_id), max(source) from turnover") == "5340|8|till")
        #expect(try await pair.branch.status()[0].setAside == 60)
    }

    /// Everything that is wrong is said where it is, and nothing of the table is stored.
    @Test(
        arguments: DatabaseKind.allCases,
        [
            "a key", "an expression", "parentheses", "a table",
        ])
    func aMappingThatDoesNotFit(_ head: DatabaseKind, _ what: String) async throws {
        var mapping = RowMapping()
        let expected: String
        switch what {
        case "no such column":
            (mapping.columns, expected) = (["nothing": .expression("qty + 1")], "has no column \"nothing\"")
        case "a key": (mapping.columns, expected) = (["id": .expression("id + 1")], "is of the key")
        case "an expression": (mapping.columns, expected) = (["note": .expression("qty + nothing")], "columns: note")
        case "parentheses": (mapping.columns, expected) = (["note": .expression("1), (2")], "columns: note")
        default: (mapping.into, expected) = (TableName("sale_of_others"), "sale_of_others")
        }
        let made =
            "create table sale (branch_id text, id integer, qty integer, total \(Self.decimals(head)), customer_no text, note text, primary key (branch_id, id));"
        let blocked = "create table sale_of_others (id integer primary key);"
        let pair = try await pair(Pairing(branch: .sqlite, head: head), mapping, head: made + blocked)
        try pair.branchDatabase.run("insert into sale (id, qty) values (1, 1)")
        try await pair.sync()
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.count == 1 && reasons[0].contains(expected), "\(reasons)")
        #expect(try pair.headDatabase.run("select count(*) from sale") == "0")
    }

    /// A branch's own table of the name into which others' rows are mapped is another one.
    @Test(arguments: DatabaseKind.allCases) func aTableThatTakesAnothersRows(_ head: DatabaseKind) async throws {
        let pair = try await pair(
            Pairing(branch: .sqlite, head: head), RowMapping(into: TableName("turnover")),
            head: "", branch: "create table turnover (id integer primary key, secret text);",
            tables: ["sale", "turnover"])
        try pair.branchDatabase.run("insert into sale (id, qty) values (1, 1); insert into turnover values (1, 'x')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, qty from turnover") == "1|1")
        #expect(try await pair.head.reasons(of: pair.stream).allSatisfy { $0.contains("takes the rows of \"sale\"") })
    }

    /// Before anything is changed, and all of it; of expressions when it is known what they are about.
    @Test(arguments: DatabaseKind.allCases) func whatIsWrongIsSaidByInit(_ head: DatabaseKind) async throws {
        let pair = try await pair(
            Pairing(branch: .sqlite, head: head), RowMapping(into: TableName("turnover")),
            head: Self.warehouse(head) + "drop table turnover;")
        try pair.branchDatabase.run("insert into sale (id, qty) values (1, 1)")
        try await pair.sync()
        func problems(_ rules: [TableRule]) async throws -> String {
            do {
                _ = try await pair.head.initialise(OfficeSetup(office: .head, role: .head, tables: rules))
                return ""
            } catch { return error.reason }
        }
        let lookup = RowMapping.Lookup(table: TableName("clients"), match: "number", by: "customer_no", take: "id")
        let other = RowMapping.Lookup(table: TableName("client"), match: "nummer", by: "customer_no", take: "no")
        let text = try await problems([
            TableRule(
                TableName("sale"),
                mapping: RowMapping(
                    into: TableName("turnover"),
                    columns: [
                        "nte": .expression("note"), "qty": .constant("1"), "total": .lookup(lookup),
                        "note": .lookup(other),
                    ])), TableRule(TableName("old_sale"), mapping: RowMapping(into: TableName("turnover"))),
            TableRule(TableName("visit"), mapping: RowMapping(columns: ["at": .expression("at || 'Z'")])),
        ])
        for expected in [
            "sale: columns: nte: table \"turnover\" has no such column, did you mean note?",
            "sale: columns: total: lookup: there is no table \"clients\"",
            "match: table \"client\" has no column nummer",
            "take: table \"client\" has no column no", "old_sale: into: turnover takes the rows of sale already",
            "visit: columns: at: table \"visit\" does not exist",
        ] { #expect(text.contains(expected), "\(text)") }
        // What was in force before is still.
        try pair.branchDatabase.run("insert into sale (id, qty) values (2, 2)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from turnover order by id") == "1\n2")
    }

    /// A head that lists what it maps makes what its branches add, where it says so, and takes nothing else that is there.
    @Test(arguments: Pairing.all, [true, false])
    func aHeadThatListsTablesMakesNewOnes(_ pairing: Pairing, acceptsNew: Bool) async throws {
        let pair = try await Pair(
            pairing,
            branch: Self.sale(pairing.branch)
                + "create table visit (id integer primary key, n integer); create table wage (id integer primary key, n integer);",
            tables: ["sale", "visit", "wage"],
            head: Self.warehouse(pairing.head)
                + "create table wage (branch_id text, id integer, n integer, primary key (branch_id, id));")
        _ = try await pair.head.initialise(
            OfficeSetup(
                office: .head, role: .head, tables: [TableRule(TableName("sale"), mapping: Self.mapping(pairing.head))],
                acceptsNew: acceptsNew))
        try pair.branchDatabase.run(
            "insert into sale values (1, 2, '12.50', 'A1', 'x'); insert into visit values (1, 5); insert into wage values (1, 6)"
        )
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from turnover") == "1")
        #expect(try pair.headDatabase.run("select count(*) from wage") == "0")
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.count == (acceptsNew ? 1 : 2) && reasons.contains { $0.contains("\"wage\"") }, "\(reasons)")
        guard acceptsNew else { return }
        #expect(try pair.headDatabase.run("select branch_id, id, n from visit") == "east|1|5")
        // And goes on taking it.
        try pair.branchDatabase.run("update visit set n = 7")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select n from visit") == "7")
    }

    /// Nobody can tell which of them was meant.
    @Test(arguments: Pairing.all) func aLookupThatFindsSeveralRowsFindsNone(_ pairing: Pairing) async throws {
        let head = Self.warehouse(pairing.head).replacing("number text unique", with: "number text")
        let pair = try await pair(
            pairing, Self.mapping(pairing.head), head: head + "insert into client values (9, 'B2');")
        try pair.branchDatabase.run(
            "insert into sale values (1, 2, '12.50', 'A1', 'x'), (2, 3, '0.10', 'B2', 'y')")
        try await pair.sync()
        #expect(try pair.headDatabase.run(Self.listing) == "east|1|2|12.50|11.50|7|till")
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons == ["table \"client\" has several rows whose number is the row's customer_no"])
        try pair.headDatabase.run("delete from client where id = 9")
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run("select client_id from turnover where no = 2") == "8")
    }
}
