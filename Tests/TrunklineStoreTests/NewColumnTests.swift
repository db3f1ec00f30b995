import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Columns that a sender's table has, and the receiver's has not.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct NewColumnTests {
    private static let sale = "create table sale (id integer primary key, qty integer);"
    private static let ofHead =
        "create table sale (branch_id text, id integer, qty integer, primary key (branch_id, id));"

    private func configure(
        _ pair: Pair, _ policy: NewColumns?, mapping: RowMapping? = nil
    ) async throws {
        _ = try await pair.head.initialise(
            OfficeSetup(
                office: .head, role: .head, tables: mapping.map { [TableRule(TableName("sale"), mapping: $0)] } ?? [],
                newColumns: policy))
    }

    /// In a table that Trunkline made they are added, with the types that they travel in.
    @Test(arguments: Pairing.all) func columnsAreAddedToATableThatWasMade(_ pairing: Pairing) async throws {
        let isServer = pairing.branch == .postgres
        let pair = try await Pair(pairing, branch: Self.sale, tables: ["sale"])
        try pair.branchDatabase.run("insert into sale values (1, 1)")
        try await pair.sync()
        let types =
            isServer
            ? ["numeric(10,2)", "date", "bytea", "uuid"] : ["decimal_text(10,2)", "date_text", "blob", "uuid_text"]
        for (name, type) in zip(["price", "day", "raw", "Ref"], types) {
            try pair.branchDatabase.run("alter table sale add column \"\(name)\" \(type)")
        }
        let raw = isServer ? "'\\x00ff'" : "x'00ff'"
        let ref = "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"
        try pair.branchDatabase.run("insert into sale values (2, 2, '12.50', '2026-02-28', \(raw), \(ref))")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, qty, price, day, \"Ref\" from sale order by id")
                == "1|1||||\n2|2|12.50|2026-02-28|1b4e28ba-2fa1-11d2-883f-0016d3cca427".replacing(
                    "1|1||||", with: "1|1|||"))
        #expect(
            try pair.headDatabase.run(
                pairing.head == .postgres
                    ? "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'sale'::regclass and attname = 'price'"
                    : "select type from pragma_table_info('sale') where name = 'price'")
                == (pairing.head == .postgres ? "numeric(10,2)" : "DECIMAL_TEXT(10,2)"))
        #expect(try await pair.branch.status()[0].setAside == 0)
        let result = try await pair.verify()
        #expect(result.agrees)
    }

    /// In a table of the head's own the rows are stored without them, and each value comes when the column does. What is
    /// stored is not stored again for that.
    @Test(arguments: Pairing.all) func valuesAreKeptUntilTheColumnComes(_ pairing: Pairing) async throws {
        let isServer = pairing.head == .postgres
        let counting =
            isServer
            ? """
            create table stored (id integer);
            create function note() returns trigger language plpgsql as $$
                begin insert into public.stored values (new.id); return new; end $$;
            create trigger note after insert or update on sale for each row execute function note();
            """
            : """
            create table stored (id integer);
            create trigger note after insert on sale begin insert into stored values (new.id); end;
            create trigger note_again after update on sale begin insert into stored values (new.id); end;
            """
        let pair = try await Pair(pairing, branch: Self.sale, tables: ["sale"], head: Self.ofHead + counting)
        try pair.branchDatabase.run("insert into sale values (1, 1); alter table sale add column note text")
        try await pair.sync()
        try pair.branchDatabase.run("insert into sale values (2, 2, 'two'), (3, 3, 'three'), (4, 4, 'four')")
        try await pair.sync()
        let listing = "select id, qty from sale order by id"
        #expect(try pair.headDatabase.run(listing) == "1|1\n2|2\n3|3\n4|4")
        let reasons = Set(try await pair.head.reasons(of: pair.stream))
        #expect(
            reasons.count == 1
                && reasons.allSatisfy { $0.contains("stored without \"note\"") && $0.contains("ADD COLUMN") },
            "\(reasons)")
        let status = try await pair.branch.status()[0]
        #expect(status.watermark == status.lastFormed && status.setAside >= 3)
        // All the rest of it is compared.
        let result = try await pair.verify()
        #expect(result.agrees && result.tables.map(\.notCompared) == [["note"]])
        // Tried again, nothing is stored again.
        let stored = try pair.headDatabase.run("select count(*) from stored")
        let tried = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(tried.tried == status.setAside && tried.stored == 0)
        #expect(try pair.headDatabase.run("select count(*) from stored") == stored)
        // A later image, and a delete.
        try pair.branchDatabase.run("update sale set note = 'zwei' where id = 2; delete from sale where id = 3")
        try await pair.sync()
        try pair.headDatabase.run("alter table sale add column note text")
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run("select id, note from sale order by id") == "1|\n2|zwei\n4|four")
        #expect(try await pair.head.status()[0].setAside == 0)
        try await pair.deliverAcks()
        #expect(try await pair.branch.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
    }

    /// A row that cannot be stored for another reason either is stored, without the column, when that one is gone.
    @Test(arguments: Pairing.all) func aKeptRowThatFailsForAnotherReason(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.sale, tables: ["sale"],
            head: Self.ofHead.replacing("qty integer", with: "qty integer check (qty < 5)"))
        try pair.branchDatabase.run(
            "alter table sale add column note text; insert into sale values (1, 1, 'one'), (2, 9, 'nine')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from sale") == "1")
        #expect(try await pair.branch.status()[0].setAside == 2)
        try pair.branchDatabase.run("update sale set qty = 2 where id = 2")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from sale order by id") == "1\n2")
        try pair.headDatabase.run("alter table sale add column note text")
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run("select id, qty, note from sale order by id") == "1|1|one\n2|2|nine")
    }

    /// Who changes the policy has the rows of before stored too.
    @Test(arguments: Pairing.all) func refusedRowsAreStoredWhenTheirValuesAreKept(_ pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.sale, tables: ["sale"], head: Self.ofHead)
        try await configure(pair, .refuse)
        try pair.branchDatabase.run("alter table sale add column note text; insert into sale values (1, 1, 'one')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from sale") == "0")
        #expect(try await pair.branch.status()[0].setAside == 1)
        try await configure(pair, .keep)
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 10).stored == 0)
        #expect(try pair.headDatabase.run("select id, qty from sale") == "1|1")
        // From now on it is one of those that are kept.
        try pair.headDatabase.run("update sale set qty = 100")
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 10).tried == 1)
        #expect(try pair.headDatabase.run("select id, qty from sale") == "1|100")
        try await configure(pair, .add)
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 10).stored == 1)
        #expect(try pair.headDatabase.run("select id, qty, note from sale") == "1|1|one")
    }

    /// One table may be otherwise than all, also under another name.
    @Test(arguments: Pairing.all) func aMappedTableLacksAColumn(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.sale, tables: ["sale"],
            head: Self.ofHead.replacing("sale", with: "turnover").replacing("qty", with: "amount"))
        var mapping = RowMapping(into: TableName("turnover"), columns: ["amount": .expression("qty")])
        try await configure(pair, .refuse, mapping: mapping)
        try pair.branchDatabase.run("insert into sale values (1, 1)")
        try await pair.sync()
        try pair.branchDatabase.run("alter table sale add column note text")
        mapping.newColumns = .keep
        try await configure(pair, .refuse, mapping: mapping)
        try pair.branchDatabase.run("insert into sale values (2, 2, 'two')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, amount from turnover order by id") == "1|1\n2|2")
        mapping.newColumns = .add
        try await configure(pair, .refuse, mapping: mapping)
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run("select id, amount, note from turnover order by id") == "1|1|\n2|2|two")
        #expect(try await pair.head.status()[0].setAside == 0)
    }

    /// What cannot be added is a matter of its rows alone.
    @Test func aTableThatSomebodyHasLocked() async throws {
        let pair = try await Pair(branch: Self.sale, tables: ["sale"])
        try pair.branchDatabase.run("insert into sale values (1, 1)")
        try await pair.sync()
        let reader = try OpenTransaction(pair.headDatabase.url, "select * from sale")
        try pair.branchDatabase.run("alter table sale add column note text; insert into sale values (2, 2, 'two')")
        try await pair.sync()
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.contains { $0.contains("it is in use") && $0.contains("ADD COLUMN") }, "\(reasons)")
        try reader.commit()
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run("select id, note from sale order by id") == "1|\n2|two")
    }

    /// A branch that makes up columns without end.
    @Test(arguments: DatabaseKind.allCases) func tooManyColumns(_ head: DatabaseKind) async throws {
        let pair = try await Pair(Pairing(branch: .sqlite, head: head), branch: Self.sale, tables: ["sale"])
        try pair.branchDatabase.run("insert into sale values (1, 1)")
        try await pair.sync()
        let additions = (1...NewColumns.mostColumns).map { "alter table sale add column c\($0) text;" }.joined()
        try pair.branchDatabase.run(additions + "insert into sale (id, c500) values (2, 'x')")
        try await pair.sync()
        #expect(try await pair.head.reasons(of: pair.stream).contains { $0.contains("more than 500 columns") })
        // Nobody else's columns keep a row from being stored.
        #expect(try pair.headDatabase.run("select id from sale order by id") == "1\n2")
        // Many are one entry, for as long as the columns are not there: nothing is loaded again and again.
        let numbers = "with recursive n (i) as (select 3 union all select i + 1 from n where i < 10200)"
        try pair.branchDatabase.run("\(numbers) insert into sale (id, c500) select i, 'x' from n")
        try await pair.sync()
        for id in 20_000..<20_003 {
            try pair.branchDatabase.run("insert into sale (id, c500) values (\(id), 'x')")
            try await pair.sync()
            let status = try #require(try await pair.head.status().first)
            #expect(status.setAside == 1 && status.differences[0].notStored.count == 500)
            #expect(try await pair.branch.status()[0].pending == 0)
        }
        #expect(try pair.headDatabase.run("select count(*) from sale") == "10203")
    }

    /// Each table is seen to, whatever becomes of another one.
    @Test(arguments: DatabaseKind.allCases) func oneTableGetsNoColumnAndAnotherOneDoes(_ head: DatabaseKind)
        async throws
    {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: head), branch: Self.sale + "create table visit (id integer primary key);",
            tables: ["sale", "visit"])
        try pair.branchDatabase.run("insert into sale values (1, 1); insert into visit values (1)")
        try await pair.sync()
        let additions = (1...NewColumns.mostColumns).map { "alter table sale add column c\($0) text;" }.joined()
        try pair.branchDatabase.run(
            additions
                + "alter table visit add column at text; insert into sale (id) values (2); insert into visit values (2, 'x')"
        )
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, at from visit order by id") == "1|\n2|x")
        #expect(try await pair.head.status()[0].setAside == 1)
    }

    /// A column that the table computes itself is no reason for another one not to be added.
    @Test(arguments: Pairing.all) func aGeneratedColumnBesideANewOne(_ pairing: Pairing) async throws {
        let generated = pairing.head == .postgres ? "stored" : "virtual"
        let pair = try await Pair(
            pairing, branch: "create table sale (id integer primary key, qty integer, twice integer, note text);",
            tables: ["sale"],
            head: """
                create table sale (branch_id text, id integer, qty integer,
                    twice integer generated always as (qty * 2) \(generated), primary key (branch_id, id));
                """)
        try await configure(pair, .add)
        try pair.branchDatabase.run("insert into sale values (1, 2, 5, 'n')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, twice, note from sale") == "1|4|n")
        #expect(try await pair.head.status()[0].setAside == 0)
    }

    /// At a branch the head has all rows: they come again when the table has the column; or it is said otherwise.
    @Test(arguments: Pairing.all, NewColumns.allCases)
    func columnsThatTheHeadAddedFirst(_ pairing: Pairing, _ policy: NewColumns) async throws {
        let pair = try await DownPair(
            pairing, head: DownPair.prices, branch: DownPair.price, DownPair.all,
            taking: [
                TableRule(TableName("price"), direction: .down, mapping: RowMapping(newColumns: policy))
            ])
        try await pair.sync()
        try pair.headDatabase.run(
            "alter table price add column unit text; update price set unit = 'kg', cents = 151 where id = 1")
        _ = try await pair.head.initialise(OfficeSetup(office: .head, role: .head, tables: DownPair.all))
        try await pair.sync()
        let branch = try #require(pair.branches[DownPair.east])
        switch policy {
        case .refuse:
            #expect(try branch.database.run(DownPair.listing).hasPrefix("1|tea|150"))
            #expect(try await branch.store.status().first { $0.direction == .receiving }?.setAside == 1)
            try branch.database.run("alter table price add column unit text")
        case .keep:
            #expect(try branch.database.run(DownPair.listing).hasPrefix("1|tea|151"))
            try branch.database.run("alter table price add column unit text")
        case .add: break
        }
        _ = try await branch.store.retrySetAside(SetAsideSelection(), limit: 10)
        try await pair.deliverAcks()
        try await pair.sync()
        try await pair.sync()
        #expect(try branch.database.run("select id, cents, unit from price order by id") == "1|151|kg\n2|225|\n3|400|")
        #expect(try await branch.store.status().first { $0.direction == .receiving }?.setAside == 0)
    }

    /// A branch's table that is gone comes whole, and not as the rows that wait for a column of it.
    @Test(arguments: Pairing.all) func aTableThatIsGoneIsNotMadeForRowsThatWait(_ pairing: Pairing) async throws {
        let pair = try await DownPair(
            pairing, head: DownPair.prices, branch: DownPair.price, DownPair.all,
            taking: [TableRule(TableName("price"), direction: .down, mapping: RowMapping(newColumns: .keep))])
        try await pair.sync()
        try pair.headDatabase.run("alter table price add column unit text")
        _ = try await pair.head.initialise(OfficeSetup(office: .head, role: .head, tables: DownPair.all))
        try pair.headDatabase.run("update price set unit = 'kg' where id = 1")
        try await pair.sync()
        let branch = try #require(pair.branches[DownPair.east])
        try branch.database.run("drop table price")
        let outcome = try await branch.store.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(outcome.tried > 0 && outcome.stored == 0)
        try pair.headDatabase.run("update price set unit = 'l' where id = 2")
        try await pair.sync()
        _ = try await branch.store.retrySetAside(SetAsideSelection(), limit: 10)
        try await pair.deliverAcks()
        try await pair.sync()
        #expect(
            try branch.database.run("select id, cents, unit from price order by id") == "1|150|kg\n2|225|l\n3|400|")
    }

    /// A branch whose till was upgraded months before the head's table: one entry stands for all rows that wait.
    @Test(arguments: Pairing.mixed) func manyRowsThatWaitForAColumnAreOneEntry(_ pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.sale, tables: ["sale"],
            head:
                "create table sale (branch_id text, id integer, qty integer check (qty < 99999), primary key (branch_id, id));"
        )
        try await configure(pair, .keep)
        // What waits for another reason is not forgotten for it.
        try pair.branchDatabase.run("insert into sale values (20000, 100000)")
        try await pair.sync()
        let numbers = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 10100)"
        try pair.branchDatabase.run(
            "alter table sale add column note text; \(numbers) insert into sale select i, i, 'n' || i from n")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*), sum(qty) from sale") == "10100|51010050")
        let status = try #require(try await pair.head.status().first { $0.stream == pair.stream })
        #expect(status.setAside == 2 && status.untakenTables == [] && status.held == nil)
        // What comes is stored as before, and the entry stays.
        try pair.branchDatabase.run("update sale set qty = 0, note = 'new' where id < 6; delete from sale where id = 6")
        try await pair.sync()
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*), sum(qty) from sale") == "10099|51010029")
        #expect(try await pair.head.status().first { $0.stream == pair.stream }?.setAside == 2)
        let reasons = try await pair.head.reasons(of: pair.stream)
        #expect(reasons.contains { $0.contains("all rows come once more") && $0.contains("ADD COLUMN") })
        #expect(try await pair.branch.status()[0].pending == 0)
        // At both ends: all rows, none of which is called set aside for it. Of the list a thousand are told at a time.
        for _ in 0..<30 { try await pair.deliverAcks() }
        for office in [pair.head, pair.branch] {
            let rows = try await office.rows(
                of: TableName("sale"), matching: RowFilter(states: [.setAside], limit: 10)
            ).rows
            #expect(
                rows.count == 2 && rows.contains { $0.values.contains(ReceivedLine.allRows) && !$0.deleted }, "\(rows)")
        }
        try pair.branchDatabase.run("delete from sale where id = 20000")

        try pair.headDatabase.run("alter table sale add column note text")
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        try await pair.deliverAcks()
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from sale where note is not null") == "10099")
        #expect(try pair.headDatabase.run("select note from sale where id in (5, 10100) order by id") == "new\nn10100")
        #expect(try await pair.branch.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
    }
}
