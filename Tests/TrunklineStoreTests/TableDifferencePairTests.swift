import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Both ends know in what a table differs at them, and compare the rest of it.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct TableDifferencePairTests {
    private static let sale = "create table sale (id integer primary key, qty integer, note text);"

    private static func decimals(_ kind: DatabaseKind, _ arguments: String) -> String {
        kind == .postgres ? "numeric\(arguments)" : "decimal_text\(arguments)"
    }

    /// What both ends say, which is the same.
    private func differences(_ pair: Pair) async throws -> [TableDifference] {
        let atBranch = try #require(try await pair.branch.status().first { $0.stream == pair.stream }).differences
        let atHead = try #require(try await pair.head.status().first { $0.stream == pair.stream }).differences
        #expect(atBranch == atHead)
        return atBranch
    }

    @Test(arguments: Pairing.all) func bothEndsTellInWhatATableDiffers(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing,
            branch: Self.sale.replacing(
                "note text", with: "note text, price \(Self.decimals(pairing.branch, "(10,2)"))"),
            tables: ["sale"],
            head: """
                create table sale (branch_id text, id integer, qty integer, price \(Self.decimals(pairing.head, "(12,4)")),
                    checked boolean, primary key (branch_id, id))
                """)
        try pair.branchDatabase.run("insert into sale (id, qty, price) values (1, 1, '1.50')")
        let before = Date().timeIntervalSince1970 * 1_000
        try await pair.sync()
        let first = try await differences(pair)
        #expect(
            first == [
                TableDifference(
                    name: TableName("sale"), notStored: ["note"], notSent: ["checked"],
                    types: [.init(column: "price", sent: "numeric(10,2)", stored: "numeric(12,4)")], number: 1,
                    since: first.first?.since ?? 0)
            ])
        #expect(abs(Double(first[0].since) - before) < 60_000)
        // As long as it is the same difference it is one since then.
        try pair.branchDatabase.run("insert into sale (id, qty) values (2, 2)")
        try await pair.sync()
        #expect(try await differences(pair) == first)
        try pair.headDatabase.run("alter table sale add column note text")
        try pair.branchDatabase.run("insert into sale (id, qty) values (3, 3)")
        try await pair.sync()
        let second = try await differences(pair)
        #expect(second.first?.notStored == [] && second.first?.notSent == ["checked"] && second.first?.number == 3)
        try pair.branchDatabase.run("alter table sale add column checked boolean")
        try pair.headDatabase.run("drop table sale")
        try pair.branchDatabase.run("insert into sale (id, qty) values (4, 4)")
        try await pair.sync()
        #expect(try await differences(pair) == [])
    }

    /// Of a table that is stored in part, or as another one, the columns that are stored as they are are compared.
    @Test(arguments: Pairing.all) func whatIsStoredAsItIsIsCompared(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.sale, tables: ["sale"],
            head:
                "create table turnover (branch_id text, no integer, amount integer, source text, primary key (branch_id, no));"
        )
        _ = try await pair.head.initialise(
            OfficeSetup(
                office: .head, role: .head,
                tables: [
                    TableRule(
                        TableName("sale"),
                        mapping: RowMapping(
                            into: TableName("turnover"),
                            columns: [
                                "no": .expression("id"), "amount": .expression("qty"), "source": .constant("till"),
                            ],
                            leftOut: ["note"]))
                ]))
        try pair.branchDatabase.run("insert into sale values (1, 1, 'a'), (2, 2, 'b'), (3, 3, null)")
        try await pair.sync()
        var result = try await pair.verify()
        #expect(result.agrees && result.tables.map(\.notCompared) == [["note"]])
        try pair.headDatabase.run("update turnover set source = 'x'; update turnover set amount = 9 where no = 2")
        result = try await pair.verify()
        #expect(
            result.tables.first?.differingKeys == [KeyDifference(key: RowKey(["2"]), kind: .different)]
                && result.tables.first?.notCompared == ["note"])
        try pair.headDatabase.run("delete from turnover where no = 2")
        result = try await pair.verify()
        #expect(result.tables.first?.differingKeys == [KeyDifference(key: RowKey(["2"]), kind: .onlyAtSender)])
    }

    /// Rows that are not there cannot be told from rows that a condition leaves out.
    @Test(arguments: DatabaseKind.allCases) func aTableOfWhichRowsAreLeftOut(_ head: DatabaseKind) async throws {
        let pair = try await Pair(Pairing(branch: .sqlite, head: head), branch: Self.sale, tables: ["sale"])
        _ = try await pair.head.initialise(
            OfficeSetup(
                office: .head, role: .head,
                tables: [TableRule(TableName("sale"), mapping: RowMapping(filter: "qty > 1"))]))
        try pair.branchDatabase.run("insert into sale values (1, 1, 'a'), (2, 2, 'b')")
        try await pair.sync()
        let result = try await pair.verify()
        #expect(result.tables.first?.problem?.contains("where:") == true)
    }

    /// A restored head knows only what it knew then; the next batch tells it again.
    @Test(arguments: DatabaseKind.allCases) func anAckThatSaysOtherwiseIsTaken(_ kind: DatabaseKind) async throws {
        let pair = try await Pair(Pairing(branch: kind, head: kind), branch: Self.sale, tables: ["sale"])
        try pair.branchDatabase.run("insert into sale values (1, 1, 'a')")
        try await pair.sync()
        var ack = Ack(
            stream: pair.stream,
            epoch: try #require(try await pair.branch.status()[0].epoch), watermark: 1, setAsideVersion: 0,
            setAside: nil, setAsideTotal: 0,
            differences: [TableDifference(name: TableName("sale"), notStored: ["note", "id"], notSent: [], number: 1)])
        _ = try await pair.branch.recordAck(ack)
        #expect(try await pair.branch.status()[0].differences == ack.differences)
        // The key is compared whatever anybody says.
        let result = try await pair.verify()
        #expect(result.agrees && result.tables[0].notCompared == ["note"])
        ack.watermark = 0
        ack.differences = nil
        _ = try await pair.branch.recordAck(ack)
        #expect(try await pair.branch.status()[0].differences.isEmpty)
    }

    /// Nor does such a table get a column, whatever the configuration says of new ones.
    @Test(arguments: DatabaseKind.allCases) func ofATableThatTakesNoRowsNothingIsTold(_ head: DatabaseKind) async throws
    {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: head),
            branch: Self.sale + "create table price (id integer primary key, x text);", tables: ["sale", "price"],
            head:
                "create table sale (id integer primary key, secret text); create table price (id integer primary key, cost integer);"
        )
        _ = try await pair.head.initialise(
            OfficeSetup(
                office: .head, role: .head, tables: [TableRule(TableName("price"), direction: .down)], newColumns: .add)
        )
        try pair.branchDatabase.run("insert into sale (id, qty) values (1, 1); insert into price values (1, 'x')")
        try await pair.sync()
        #expect(try await differences(pair) == [])
        #expect(try await pair.branch.status()[0].setAside == 2)
        for table in ["sale", "price"] {
            let columns =
                head == .postgres
                ? "select count(*) from information_schema.columns where table_name = '\(table)'"
                : "select count(*) from pragma_table_info('\(table)')"
            #expect(try pair.headDatabase.run(columns) == "2")
        }
    }
}
