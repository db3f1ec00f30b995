import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Whose fault an error is, in storing rows: whatever a user built around a table sets that table's rows aside.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SetAsideTests {
    private static let item = "create table item (id integer primary key, name text, n integer);"
    private static let headItem =
        "create table item (branch_id text not null, id integer not null, name text, n integer, primary key (branch_id, id));"

    /// A trigger's own code is the row's, whatever class it makes up: but one that is the server's holds the stream.
    @Test(arguments: ["45000", "P0001", "22012", "0L000", "2F003", "39004", "F0001", "HV000", "72000", "T0001"])
    func aTriggerThatRaisesItsOwnCode(code: String) async throws {
        let pair = try await Pair(
            branch: Self.item, tables: ["item"],
            head: Self.headItem + """
                create function refuse() returns trigger language plpgsql as $$
                begin if new.n < 0 then raise exception 'not like this' using errcode = '\(code)'; end if; return new; end $$;
                create trigger refuse before insert or update on item for each row execute function refuse();
                """)
        try pair.branchDatabase.run("insert into item values (1, 'a', 1), (2, 'b', -1), (3, 'c', 3)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item order by id") == "1\n3")
        #expect(try await pair.branch.status()[0].setAside == 1)
    }

    @Test func aFailedAssertion() async throws {
        let pair = try await Pair(
            branch: Self.item, tables: ["item"],
            head: Self.headItem + """
                create function refuse() returns trigger language plpgsql as $$
                begin assert new.n > 0, 'not like this'; return new; end $$;
                create trigger refuse before insert or update on item for each row execute function refuse();
                """)
        try pair.branchDatabase.run("insert into item values (1, 'a', 1), (2, 'b', -1), (3, 'c', 3)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item order by id") == "1\n3")
    }

    /// A trigger's own search path is that of its user's sessions.
    @Test func aTriggerThatNamesATableWithoutItsSchema() async throws {
        let pair = try await Pair(
            branch: Self.item, tables: ["item"],
            head: Self.headItem + """
                create table audit (id int, at date);
                create function note() returns trigger language plpgsql as $$
                begin insert into audit values (new.id, current_date); return new; end $$;
                create trigger note after insert on item for each row execute function note();
                """)
        try pair.branchDatabase.run("insert into item values (1, 'a', 1)")
        try await pair.sync()
        try pair.branchDatabase.run("insert into item values (2, 'b', 1); update item set n = 2")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from audit") == "2")
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    /// Each waits for the other to let go: the way out that docs/operations.md names.
    @Test(arguments: Pairing.all) func valuesThatWereSwappedComeByAThirdOne(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.item, tables: ["item"],
            head: Self.headItem + "create unique index names on item (name);")
        try pair.branchDatabase.run("insert into item values (1, 'a', 1), (2, 'b', 2)")
        try await pair.sync()
        let swap = "update item set name = case name when 'a' then 'b' else 'a' end"
        try pair.branchDatabase.run(swap)
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 2)
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 10).stored == 0)
        try pair.branchDatabase.run("update item set name = 'c' where id = 1")
        try await pair.sync()
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        try pair.branchDatabase.run("update item set name = 'b' where id = 1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, name from item order by id") == "1|b\n2|a")
        #expect(try await pair.head.status()[0].setAside == 0)
        guard pairing.head == .postgres else { return }
        try pair.branchDatabase.run(swap)
        try await pair.sync()
        try pair.headDatabase.run("drop index names; alter table item add unique (name) deferrable")
        _ = try await pair.branch.resync(TableName("item"), to: nil)
        try await pair.sync()
        try pair.branchDatabase.run(swap)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, name from item order by id") == "1|b\n2|a")
        #expect(try await pair.head.status()[0].setAside == 0)
    }

    @Test func aForeignKeyThatSQLiteLooksAtWhenItCommits() async throws {
        for branch in [DatabaseKind.sqlite, .postgres] {
            let pair = try await Pair(
                Pairing(branch: branch, head: .sqlite), branch: Self.item, tables: ["item"],
                head: """
                    create table p (id integer primary key);
                    create table item (branch_id text not null, id integer not null, name text,
                        n integer references p deferrable initially deferred, primary key (branch_id, id));
                    insert into p values (1);
                    """)
            try pair.branchDatabase.run("insert into item values (1, 'a', 1), (2, 'b', 2)")
            try await pair.sync()
            #expect(try pair.headDatabase.run("select id from item") == "1")
            #expect(try await pair.branch.status()[0].setAside == 1)
            try pair.headDatabase.run("insert into p values (2)")
            #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 10).stored == 1)
        }
    }

    @Test func aConstraintThatWouldRollEverythingBack() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .sqlite), branch: Self.item, tables: ["item"],
            head: """
                create table item (branch_id text not null, id integer not null, name text unique on conflict rollback,
                    n integer, primary key (branch_id, id));
                insert into item values ('west', 1, 'taken', 1);
                """)
        try pair.branchDatabase.run("insert into item values (1, 'taken', 1), (2, 'b', 2)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item where branch_id = 'east'") == "2")
        #expect(try await pair.branch.status()[0].setAside == 1)
    }

    /// Thousands of bad rows are one batch's work, and their good neighbours are stored.
    @Test(arguments: Pairing.all) func thousandsOfBadRows(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.item, tables: ["item"],
            head: """
                create table item (branch_id text not null, id integer not null, name text, n integer check (n > 0),
                    primary key (branch_id, id))
                """)
        try pair.branchDatabase.run(
            """
            insert into item with recursive c (x) as (select 1 union all select x + 1 from c where x < 10000)
            select x, 'item', case when x % 5 = 0 then 1 else -1 end from c
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "2000")
        #expect(try await pair.head.status()[0].setAside == 8000)
        #expect(try await pair.branch.status()[0].setAside == 8000)
        try pair.branchDatabase.run("update item set n = 1")
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
    }

    /// What was set aside because it does not fit its column's type is not coerced when it is tried again.
    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func aMisfitStaysSetAside(head: DatabaseKind) async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: head), branch: Self.item, tables: ["item"],
            head:
                "create table item (branch_id text not null, id integer not null, name text, n integer check (n > 0), primary key (branch_id, id))"
        )
        try pair.branchDatabase.run("insert into item values (1, x'68656c6c6f', 0)")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 1)
        try pair.headDatabase.run(
            head == .postgres
                ? "alter table item drop constraint item_n_check"
                : "pragma ignore_check_constraints = 1")
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run("select count(*) from item") == "0")
    }

    /// Reasons travel in acks: they are short, and quote no value.
    @Test func aReasonIsShort() async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .postgres), branch: Self.item, tables: ["item"],
            head: Self.headItem)
        try pair.branchDatabase.run("insert into item values (1, 'a', replace(hex(zeroblob(500000)), '0', 'secret'))")
        try await pair.sync()
        let reason = try #require(
            try await pair.branch.rows(of: TableName("item"), matching: RowFilter(states: [.setAside])).rows.first?
                .reason)
        #expect(reason.utf8.count <= 300 && !reason.contains("secret"))
    }

    /// SQLite's own message names no table.
    @Test(arguments: DatabaseKind.allCases, [false, true])
    func aBrokenReferenceIsNamed(head: DatabaseKind, deferred: Bool) async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: head),
            branch: """
                create table customer (id integer primary key, name text);
                create table invoice (id integer primary key, customer_no integer)
                """, tables: ["customer", "invoice"],
            head: """
                create table customer (branch_id text not null, id integer not null, name text, primary key (branch_id, id));
                create table invoice (branch_id text not null, id integer not null, customer_no integer,
                    primary key (branch_id, id),
                    foreign key (branch_id, customer_no) references customer (branch_id, id)\(deferred ? " deferrable initially deferred" : ""));
                """)
        try pair.branchDatabase.run("insert into customer values (1, 'a'); insert into invoice values (1, 1), (2, 9)")
        try await pair.sync()
        try pair.branchDatabase.run("delete from customer")
        try await pair.sync()
        let reasons = try await pair.head.reasons(of: pair.stream).sorted()
        #expect(reasons.count == 2 && reasons.allSatisfy { $0.contains("customer") }, "\(reasons)")
        guard head == .sqlite else { return }
        #expect(
            reasons == [
                "FOREIGN KEY constraint failed: rows of table \"invoice\" refer to it by \"branch_id\", \"customer_no\"",
                "FOREIGN KEY constraint failed: table \"customer\" lacks the row that its \"branch_id\", \"customer_no\" names",
            ])
    }
}
