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

    private static func rules(_ kind: DatabaseKind, factor: String = "0.92") -> MappingRules {
        MappingRules(tables: [
            TableName("sale"): RowMapping(
                into: TableName("turnover"),
                columns: [
                    "amount": .expression("qty"), "source": .constant("till"),
                    "total_eur": .expression(
                        kind == .postgres
                            ? "total * \(factor)" : "decimal_round(decimal_mul(total, '\(factor)'), 2)"),
                    "client_id": .lookup(
                        RowMapping.Lookup(table: TableName("client"), match: "number", by: "customer_no", take: "id")),
                ], leftOut: ["customer_no", "total"], filter: "qty <> 0")
        ])
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
        let rules = Self.rules(pairing.head)
        func initialise(_ rules: MappingRules) async throws {
            _ = try await pair.head.initialise(
                OfficeSetup(
                    office: .head, role: .head,
                    tables: rules.tables.map { TableRule($0.key, mapping: $0.value) }))
        }
        try await initialise(rules)
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
        let other = Self.rules(pairing.head, factor: "2")
        let changed = try await pair.head.rehearse(
            SampleRow(["id": "1", "qty": "2", "total": "1.00"]), of: TableName("sale"), in: pair.stream, by: other)
        #expect(changed.before?["total_eur"] == "0.92" && changed.after?["total_eur"] == "2.00")
        #expect(changed.unsaid == ["customer_no"])
        let leftOut = try await pair.head.rehearse(
            SampleRow(["id": "1", "qty": "0"]), of: TableName("sale"), in: pair.stream, by: rules)
        #expect(leftOut.setAside == nil && leftOut.before != nil && leftOut.after == nil)
        let setAside = try await pair.head.rehearse(
            SampleRow(["id": "5", "qty": "1", "customer_no": "Z9"]), of: TableName("sale"), in: pair.stream, by: rules)
        #expect(setAside.setAside?.contains("client") == true && setAside.after == nil)
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
        let alone = try await offices.down.head.rehearse(
            SampleRow(row), of: TableName("customer"), in: up, by: MappingRules())
        #expect(alone.before?["name"] == "ada" && alone.after?["name"] == "eve" && alone.conflict == nil)
        let opposed = try await offices.down.head.rehearse(
            SampleRow(row, isOpposed: true), of: TableName("customer"), in: up, by: MappingRules())
        #expect(opposed.after == opposed.before && opposed.conflict?.outcome == .head)
        #expect(try contents(offices.head, ["customer"]) == before)
        let branch = offices.down.branches[SharedOffices.east]!
        let down = try await branch.store.rehearse(
            SampleRow(row), of: TableName("customer"), in: DownPair.stream(SharedOffices.east), by: MappingRules())
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
}
