import Testing
import TrunklineCore
import TrunklineTesting

/// Promise 9, where the head's rows stay as they are: what becomes of the branch's, on every pairing of databases.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct KeepHeadTests {
    private static let item = "create table item (id \(key), name text, n integer);"
    /// Understood by the database of the branch after ``generated(_:_:)``.
    private static let key = "GENERATED KEY"

    /// SQL with keys that the branch's database hands out, in its own words.
    private static func generated(_ sql: String, _ kind: DatabaseKind, autoincrement: Bool = true) -> String {
        let words =
            switch kind {
            case .postgres: "bigint generated always as identity primary key"
            case .sqlite: "integer primary key" + (autoincrement ? " autoincrement" : "")
            }
        return sql.replacing(key, with: words)
    }

    /// A branch that sold 4 and changed 2, came back from a backup of before that, and sold another 4 and a 5 since;
    /// it changed 3 as well.
    private func restoredBranch(_ pairing: Pairing, autoincrement: Bool = true) async throws -> Pair {
        let pair = try await Pair(
            pairing, branch: Self.generated(Self.item, pairing.branch, autoincrement: autoincrement), tables: ["item"])
        try pair.branchDatabase.run("insert into item (name, n) values ('one', 1), ('two', 2), ('three', 3)")
        try await pair.sync()
        try pair.branchDatabase.backUp()
        try pair.branchDatabase.run(
            "insert into item (name, n) values ('four', 4); update item set n = 20 where id = 2")
        try await pair.sync()
        try pair.branchDatabase.run("insert into item (name, n) values ('lost', 5)")
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run(
            """
            insert into item (name, n) values ('another four', 40), ('another five', 50), ('six', 6);
            update item set n = 30 where id = 3
            """)
        return pair
    }

    @Test(arguments: Pairing.all, [true, false])
    func rowsSoldUnderUsedKeysGetNewOnes(pairing: Pairing, autoincrement: Bool) async throws {
        guard autoincrement || pairing.branch == .sqlite else { return }
        let pair = try await restoredBranch(pairing, autoincrement: autoincrement)
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead, newKeys: true)
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
        let atHead = try pair.headDatabase.run(
            "select id, name, n from item where branch_id = 'east' order by id")
        #expect(
            atHead.split(separator: "\n") == [
                "1|one|1", "2|two|20", "3|three|3", "4|four|4", "5|lost|5", "6|six|6", "7|another four|40",
                "8|another five|50",
            ])
        // An older image of a row that the head has, or a change of one, is no new sale.
        #expect(
            try pair.branchDatabase.run("select id, name, n from item order by id").split(separator: "\n")
                == atHead.split(separator: "\n"))
        let kept = try pair.branchDatabase.run(
            "select new_key from \(pair.superseded(pairing.branch)) where new_key is not null order by new_key")
        #expect(kept.split(separator: "\n") == ["7", "8"])
        let report = try #require(try await pair.branch.status()[0].lastRecovery)
        #expect(report.tables == [.init(name: TableName("item"), putAside: 2, newKeys: 2, returned: 4)])
        // What is sold from now on has keys of its own.
        try pair.branchDatabase.run("insert into item (name, n) values ('nine', 9)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item where name = 'nine'") == "9")
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    /// A row that the head set aside, and that the branch lost, is nowhere else: no new row takes its key.
    @Test(arguments: Pairing.all) func newKeysComeAfterThoseOfSetAsideRows(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.generated(Self.item, pairing.branch), tables: ["item"],
            head: """
                create table item (branch_id text, id bigint, name text, n integer check (n > 0),
                    primary key (branch_id, id))
                """)
        try pair.branchDatabase.run("insert into item (name, n) values ('one', 1)")
        try await pair.sync()
        try pair.branchDatabase.backUp()
        try pair.branchDatabase.run("insert into item (name, n) values ('two', 2), ('gift', 0)")
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run("insert into item (name, n) values ('another two', 20)")
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead, newKeys: true)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run("select id, name from item order by id") == "1|one\n2|two\n4|another two")
        #expect(try pair.headDatabase.run("select name from item where id = 4") == "another two")
        let aside = try await pair.head.rows(of: TableName("item"), matching: RowFilter(states: [.setAside]))
        #expect(aside.rows.count == 1)
    }

    /// The same ack twice, and one that the branch took just before it was killed.
    @Test(arguments: Pairing.all) func newKeysAreGivenOnce(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead, newKeys: true)
        for _ in 0..<40 where try await pair.branch.recovery(of: pair.stream) != nil {
            _ = try await pair.branch.formVerification(of: pair.stream)
            while let batch = try await pair.nextBatch() {
                _ = try await pair.head.receive(batch, parking: false)
                for pending in try await pair.head.pendingAcks(limit: 10) {
                    for _ in 1...2 { _ = try await pair.branch.recordAck(pending.ack) }
                    try await pair.head.removePendingAck(pending)
                }
            }
        }
        #expect(try await pair.verify().agrees)
        #expect(try pair.headDatabase.run("select count(*) from item where name like 'another%'") == "2")
    }

    @Test(arguments: Pairing.all) func keysThatNobodyHandsOutStayAsTheyAre(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table price (code text primary key, n integer)", tables: ["price"])
        try await pair.sync()
        try pair.branchDatabase.backUp()
        try pair.branchDatabase.run("insert into price values ('a', 1)")
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run("insert into price values ('a', 2)")
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead, newKeys: true)
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
        let table = try #require(try await pair.branch.status()[0].lastRecovery?.tables.first)
        #expect(table.putAside == 1 && table.newKeys == 0)
        #expect(table.obstacle?.contains("integer column") == true)
        #expect(try pair.headDatabase.run("select n from price") == "1")
        #expect(try pair.branchDatabase.run("select n from price") == "1")
    }

    /// A row that others refer to yields with all of them, also those that the head never named; nothing of the head's
    /// is dropped, whatever the foreign keys say.
    @Test(arguments: Pairing.all, ["", "on delete cascade"])
    func rowsYieldWithAllThatReferToThem(pairing: Pairing, action: String) async throws {
        let schema = Self.generated(
            """
            create table sale (id \(Self.key), till text);
            create table line (id \(Self.key), sale_id bigint not null references sale (id) \(action), product text);
            """, pairing.branch)
        let pair = try await Pair(pairing, branch: schema, tables: ["sale", "line"])
        try pair.branchDatabase.run(
            "insert into sale (till) values ('1'), ('1'); insert into line (sale_id, product) values (1, 'Pens'), (2, 'Ink')"
        )
        try await pair.sync()
        try pair.branchDatabase.backUp()
        // Sale 2 is changed, its line is not; sale 3 is new.
        try pair.branchDatabase.run(
            """
            update sale set till = '9' where id = 2; insert into sale (till) values ('1');
            insert into line (sale_id, product) values (3, 'Paper')
            """)
        try await pair.sync()
        try pair.branchDatabase.run("insert into sale (till) values ('1')")
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run(
            """
            insert into sale (till) values ('2');
            insert into line (sale_id, product) values (1, 'Glue'), (3, 'Tape'), (3, 'Nails')
            """)
        let atHead = try pair.headDatabase.run("select id, sale_id, product from line order by id")
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead, newKeys: true)
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
        let after = try pair.headDatabase.run("select id, sale_id, product from line order by id")
        // Glue was sold on a sale that both know, under a key that the head has for Paper.
        #expect(after == atHead + "\n" + "6|1|Glue")
        #expect(try pair.branchDatabase.run("select id, sale_id, product from line order by id") == after)
        #expect(try pair.branchDatabase.run("select id from sale order by id") == "1\n2\n3\n4")
        let kept = try pair.branchDatabase.run("select row from \(pair.superseded(pairing.branch))")
        for product in ["Ink", "Tape", "Nails", "Glue"] { #expect(kept.contains(product)) }
        let report = try #require(try await pair.branch.status()[0].lastRecovery)
        let sale = try #require(report.tables.first { $0.name == TableName("sale") })
        #expect(sale.putAside == 2 && sale.newKeys == 0 && sale.obstacle == "rows of line refer to it")
    }

    /// What a load has still to bring waits until both sides were compared.
    @Test(arguments: Pairing.all) func aRecoveryDoesNotWaitForALoad(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing,
            branch: "create table item (id integer primary key, n integer); insert into item values (1, 1), (2, 2)",
            tables: ["item"])
        let stop = pairing.branch == .postgres ? "trunkline.outbound_ack" : "trunkline_outbound"
        try pair.branchDatabase.run("update \(stop) set stopped = 'a test'")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        #expect(try await pair.branch.formVerification(of: pair.stream))
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
        #expect(try pair.headDatabase.run("select count(*) from item") == "2")
    }
}
