import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What would become of a row, with nothing changed.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SampleRowTests {
    private static func decimals(_ kind: DatabaseKind) -> String {
        kind == .postgres ? "numeric(12,2)" : "decimal_text(12,2)"
    }

    private static func warehouse(_ kind: DatabaseKind) -> String {
        """
        create table client (id integer primary key, number text unique);
        insert into client values (7, 'A1');
        create table turnover (branch_id text not null, id integer not null, amount integer, total_eur \(decimals(kind)),
            client_id integer references client (id), source text not null, primary key (branch_id, id));
        """
    }

    private static func setup(_ kind: DatabaseKind, factor: String = "0.92") -> OfficeSetup {
        let mapping =
            RowMapping(
                into: TableName("turnover"),
                columns: [
                    "amount": .expression("qty"), "source": .constant("till"),
                    "total_eur": .expression(
                        kind == .postgres
                            ? "total * \(factor)" : "decimal_round(decimal_mul(total, '\(factor)'), 2)"),
                    "client_id": .lookup(
                        RowMapping.Lookup(table: TableName("client"), match: "number", by: "customer_no", take: "id")),
                ], leftOut: ["customer_no", "total"], filter: "qty <> 0")
        return OfficeSetup(office: .head, role: .head, tables: [TableRule(TableName("sale"), mapping: mapping)])
    }

    /// Everything that an office holds of a table, and what it keeps besides.
    private func contents(_ office: TestOffice, _ tables: [String]) throws -> String {
        let books =
            office.kind == .postgres
            ? [
                "trunkline.set_aside", "trunkline.pending_ack", "trunkline.inbound", "trunkline.change",
                "trunkline.conflict",
            ]
            : [
                "trunkline_set_aside", "trunkline_pending_ack", "trunkline_inbound", "trunkline_change",
                "trunkline_conflict",
            ]
        return try (tables + books).map { "\($0): " + (try office.run("select * from \($0) order by 1, 2")) }.joined(
            separator: "\n")
    }

    @Test(arguments: Pairing.all) func aMappedRowIsShownAsItWouldBeStored(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing,
            branch:
                "create table sale (id integer primary key, qty integer, total \(Self.decimals(pairing.branch)), customer_no text);",
            tables: ["sale"], head: Self.warehouse(pairing.head))
        let rules = Self.setup(pairing.head)
        _ = try await pair.head.initialise(rules)
        let sample = SampleRow(["id": "17", "qty": "3", "total": "12.50", "customer_no": "A1"])
        let early = await #expect(throws: StoreError.self) {
            _ = try await pair.head.rehearse(sample, of: TableName("sale"), in: pair.stream, by: rules)
        }
        #expect(early?.reason.contains("no rows of it have come") == true)
        try pair.branchDatabase.run("insert into sale values (1, 2, '1.00', 'A1')")
        try await pair.sync()
        let before = try contents(pair.headDatabase, ["turnover"])

        let stored = try await pair.head.rehearse(sample, of: TableName("sale"), in: pair.stream, by: rules)
        #expect(stored.into == TableName("turnover") && stored.before == nil && stored.setAside == nil)
        #expect(
            stored.after == [
                "branch_id": "east", "id": "17", "amount": "3", "total_eur": "11.50", "client_id": "7",
                "source": "till",
            ])
        // By another configuration than the one in force.
        let other = Self.setup(pairing.head, factor: "2")
        let changed = try await pair.head.rehearse(
            SampleRow(["id": "1", "qty": "2", "total": "1.00"]), of: TableName("sale"), in: pair.stream, by: other)
        #expect(changed.before?["total_eur"] == "0.92" && changed.after?["total_eur"] == "2.00")
        #expect(changed.unsaid == ["customer_no"])
        let leftOut = try await pair.head.rehearse(
            SampleRow(["id": "1", "qty": "0"]), of: TableName("sale"), in: pair.stream, by: rules)
        #expect(leftOut.outcome == .leftOut && leftOut.before != nil && leftOut.after == nil)
        let setAside = try await pair.head.rehearse(
            SampleRow(["id": "5", "qty": "1", "customer_no": "Z9"]), of: TableName("sale"), in: pair.stream, by: rules)
        #expect(setAside.setAside?.contains("client") == true && setAside.after == nil)
        let misfit = try await pair.head.rehearse(
            SampleRow(["id": "5", "qty": "three"]), of: TableName("sale"), in: pair.stream, by: rules)
        #expect(misfit.outcome == .setAside && misfit.setAside?.contains("none of its type") == true)
        let mistyped = await #expect(throws: StoreError.self) {
            _ = try await pair.head.rehearse(
                SampleRow(["id": "x5"]), of: TableName("sale"), in: pair.stream, by: rules)
        }
        #expect(mistyped?.code == .table && mistyped?.reason.contains("is no key") == true)
        for row in [["id": "5", "price": "1"], ["qty": "1"]] {
            let error = await #expect(throws: StoreError.self) {
                _ = try await pair.head.rehearse(SampleRow(row), of: TableName("sale"), in: pair.stream, by: rules)
            }
            #expect(error?.hint?.contains("customer_no") == true)
        }
        #expect(try contents(pair.headDatabase, ["turnover"]) == before)
    }

    @Test(arguments: Pairing.all) func aSharedRowIsDecidedOver(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.headWins), [SharedOffices.east],
            head: SharedOffices.customer + "insert into customer values (1, 'ada', null, 10);")
        try await offices.settle()
        let before = try contents(offices.head, ["customer"])
        let row: [String: String?] = ["id": "1", "name": "eve", "email": nil, "points": "10"]
        let up = SharedOffices.stream(SharedOffices.east)
        let rule = TableRule(TableName("customer"), direction: .shared, conflict: ConflictPolicy(.headWins))
        let setup = OfficeSetup(office: .head, role: .head, tables: [rule])
        let alone = try await offices.down.head.rehearse(
            SampleRow(row), of: TableName("customer"), in: up, by: setup)
        #expect(alone.before?["name"] == "ada" && alone.after?["name"] == "eve" && alone.conflict == nil)
        let opposed = try await offices.down.head.rehearse(
            SampleRow(row, isOpposed: true), of: TableName("customer"), in: up, by: setup)
        #expect(opposed.after == opposed.before && opposed.conflict?.outcome == .head)
        #expect(try contents(offices.head, ["customer"]) == before)
        let branch = offices.down.branches[SharedOffices.east]!
        let down = try await branch.store.rehearse(
            SampleRow(row), of: TableName("customer"), in: DownPair.stream(SharedOffices.east),
            by: OfficeSetup(office: SharedOffices.east, role: .branch, tables: [rule]))
        #expect(down.after?["name"] == "eve" && down.setAside == nil)
        #expect(try branch.database.run("select name from customer") == "ada")
    }

    @Test(arguments: DatabaseKind.allCases) func aRowThatLeavesIsShownWithWhoGetsIt(_ kind: DatabaseKind) async throws {
        let table =
            "create table job (id integer, part text, shop text, fee \(Self.decimals(kind)), primary key (id, part));"
        let rule = TableRule(
            TableName("job"), direction: .down, route: .column("shop"), filter: "fee <> '0.00'")
        let pair = try await DownPair(
            Pairing(branch: kind, head: kind), [DownPair.east, DownPair.west],
            head: table
                + "insert into job values (1, 'a', 'east', '2.50'), (2, 'b', 'west', '0.00'), (3, 'c', null, '1.00');",
            branch: table, [rule], taking: [TableRule(TableName("job"), direction: .down)])
        let row = try #require(try await pair.head.outgoing(["1", "a"], by: rule))
        #expect(row.columns.map(\.name) == ["id", "part", "shop", "fee"] && row.values == ["1", "a", "east", "2.50"])
        #expect(row.destinations == [DownPair.east])
        #expect(try await pair.head.outgoing(["2", "b"], by: rule)?.destinations == [])
        // As the configuration would have it.
        let all = TableRule(TableName("job"), direction: .down)
        #expect(try await pair.head.outgoing(["3", "c"], by: all)?.destinations == [DownPair.east, DownPair.west])
        #expect(try await pair.head.outgoing(["9", "x"], by: rule) == nil)
        let short = await #expect(throws: StoreError.self) { _ = try await pair.head.outgoing(["1"], by: rule) }
        #expect(short?.hint?.contains("part") == true)
        let wrong = TableRule(TableName("job"), direction: .down, filter: "nothing = 1")
        await #expect(throws: StoreError.self) { _ = try await pair.head.outgoing(["1", "a"], by: wrong) }
    }

    /// By the configuration as it is, before an `init` with it.
    @Test(arguments: Pairing.all) func aTableIsShownColumnByColumn(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing,
            branch:
                "create table sale (id integer primary key, qty integer, total \(Self.decimals(pairing.branch)), customer_no text, note text);",
            tables: ["sale"], head: Self.warehouse(pairing.head))
        _ = try await pair.head.initialise(
            OfficeSetup(office: .head, role: .head, tables: [TableRule(TableName("other"))]))
        let setup = Self.setup(pairing.head)
        let (sale, west) = (TableName("sale"), StreamID(from: OfficeID("west")!, to: .head))
        #expect(try await pair.head.rehearse(sale, in: [pair.stream], by: setup) == [])
        try pair.branchDatabase.run("insert into sale values (1, 2, '1.00', 'A1', 'n')")
        try await pair.sync()
        let before = try contents(pair.headDatabase, ["turnover"])

        let found = try await pair.head.rehearse(sale, in: [west, pair.stream], by: setup)
        let mapped = try #require(found.first)
        #expect(found.count == 1 && mapped.streams == [pair.stream] && mapped.into == TableName("turnover"))
        // Nobody said what becomes of note.
        #expect(mapped.isInPart && mapped.setAside?.contains("note") == true && mapped.filter == "qty <> 0")
        func column(_ name: String) -> TableRehearsal.ColumnPair? {
            mapped.columns.first { ($0.sent ?? $0.stored)?.name == name }
        }
        #expect(column("id")?.stored?.name == "id" && column("qty")?.stored?.name == "amount")
        #expect(column("note")?.sent != nil && column("note")?.stored == nil)
        #expect(column("source")?.source == .constant("till"))
        guard case .expression? = column("total_eur")?.source, case .lookup? = column("client_id")?.source else {
            Issue.record("\(mapped)")
            return
        }
        // A row too is taken as it would be after an init.
        let row = try await pair.head.rehearse(
            SampleRow(["id": "17", "qty": "3", "customer_no": "A1"]), of: sale, in: pair.stream, by: setup)
        #expect(row.outcome == .inPart && row.after?["amount"] == "3")
        let listed = OfficeSetup(office: .head, role: .head, tables: [TableRule(TableName("other"))])
        #expect(
            try await pair.head.rehearse(sale, in: [pair.stream], by: listed).first?.setAside?.contains("not among")
                == true)
        // Made as it would be, and gone again.
        let plain = try await pair.head.rehearse(
            sale, in: [pair.stream], by: OfficeSetup(office: .head, role: .head, tables: [TableRule]()))
        #expect(plain.first?.isMade == true && plain.first?.setAside == nil && plain.first?.columns.count == 6)
        #expect(try contents(pair.headDatabase, ["turnover"]) == before)
        let shared = await #expect(throws: StoreError.self) {
            let rule = TableRule(sale, direction: .shared, conflict: ConflictPolicy(.headWins))
            _ = try await pair.head.rehearse(
                sale, in: [pair.stream], by: OfficeSetup(office: .head, role: .head, tables: [rule]))
        }
        #expect(shared?.hint?.contains("trunkline plan") == true)
        let sent = try await pair.branch.outgoing(TableRule(sale))
        #expect(sent.rows == 1 && sent.key == ["id"] && sent.columns.count == 5)
        #expect(sent.shares == [OutgoingTable.Share(office: .head, rows: 1)])
    }

    @Test(arguments: DatabaseKind.allCases) func aFirstLoadIsCountedForEachBranch(_ kind: DatabaseKind) async throws {
        let table = "create table job (id integer primary key, shop text, fee \(Self.decimals(kind)));"
        let name = TableName("job")
        let pair = try await DownPair(
            Pairing(branch: kind, head: kind), [DownPair.east, DownPair.west],
            head: table + """
                create table area (area text, branch text);
                insert into area values ('a', 'east'), ('a', 'west'), ('b', 'west'), ('b', 'west');
                insert into job values (1, 'east', '2.50'), (2, 'a', '0.00'), (3, null, '1.00'), (4, 'b', '1.00');
                """,
            branch: table, [TableRule(name, direction: .down)], taking: [TableRule(name, direction: .down)])
        func counted(_ route: TableRoute, _ filter: String? = nil) async throws -> [Int] {
            let found = try await pair.head.outgoing(
                TableRule(name, direction: .down, route: route, filter: filter))
            #expect(found.rows == 4 && found.shares.map(\.office) == [DownPair.east, DownPair.west])
            return found.shares.map(\.rows)
        }
        let through = TableRoute.mapping(column: "shop", through: TableName("area"), from: "area", to: "branch")
        #expect(try await counted(.all) == [4, 4])
        #expect(try await counted(.all, "fee <> '0.00'") == [3, 3])
        #expect(try await counted(.column("shop")) == [1, 0])
        #expect(try await counted(through) == [1, 2])
        #expect(try await counted(through, "fee <> '0.00' -- and no other") == [0, 1])
        await #expect(throws: StoreError.self) { _ = try await counted(.column("nothing")) }
    }
}
