import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SyncTests {
    @Test func insertUpdateDeleteAndKeyChangeArrive() async throws {
        let pair = try await Pair(branch: "create table item (id int primary key, name text)", tables: ["item"])
        try pair.branchDatabase.run("insert into item select n, 'item ' || n from generate_series(1, 10) n")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*), min(branch_id) from item") == "10|east")
        try pair.branchDatabase.run(
            "update item set name = 'changed' where id = 3; delete from item where id = 4; update item set id = 50 where id = 5"
        )
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, name from item where id in (3, 4, 5, 50) order by id")
                == "3|changed\n50|item 5")
        #expect(try await pair.verify().agrees)
        while try await pair.branch.prune(pair.stream) > 0 {}
        #expect(try pair.branchDatabase.run("select count(*) from trunkline.change") == "0")
    }

    @Test func rowsThatWereThereBeforeInitBecomePending() async throws {
        let pair = try await Pair(
            branch: "create table item (id int primary key, name text); insert into item values (1, 'a'), (2, 'b')",
            tables: ["item"])
        #expect(try await pair.branch.status()[0].pending == 2)
        #expect(try await pair.sync() == 2)
        let again = try await pair.initialiseBranch(["item"])
        #expect(again.captured.isEmpty && !again.created)
        #expect(try await pair.sync() == 0)
    }

    @Test func aTransactionThatStaysOpenDelaysOnlyItsOwnRows() async throws {
        let pair = try await Pair(branch: "create table item (id int primary key, name text)", tables: ["item"])
        let open = try OpenTransaction(pair.branchDatabase.url, "insert into item values (1, 'slow')")
        for n in 2...20 {
            try pair.branchDatabase.run("insert into item values (\(n), 'quick')")
            try await pair.sync()
            #expect(try pair.headDatabase.run("select count(*) from item") == "\(n - 1)")
        }
        try open.commit()
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*), min(name) filter (where id = 1) from item") == "20|slow")
    }

    @Test func aKeyUpdatedManyTimesTravelsOnceThoughItsChangesAreInManyBatches() async throws {
        let pair = try await Pair(
            branch:
                "create table item (id int primary key, n int); insert into item select n, 0 from generate_series(1, 50) n",
            tables: ["item"])
        try await pair.sync()
        for _ in 1...1_000 / 50 {
            try pair.branchDatabase.run(String(repeating: "update item set n = n + 1 where id = 7;\n", count: 50))
            try pair.branchDatabase.run("update item set n = n + 1 where id <> 7")
        }
        #expect(try await pair.sync(changes: 20) == 50)
        #expect(try pair.headDatabase.run("select n from item where id = 7") == "1000")
        #expect(try await pair.verify().agrees)
    }

    @Test func oneBadRowAmongThousandsIsSetAsideAndStoredWhenTheCauseIsMended() async throws {
        let pair = try await Pair(
            branch: "create table item (id int primary key, price numeric(10,2))", tables: ["item"],
            head: """
                create table item (branch_id text, id int, price numeric(10,2), primary key (branch_id, id),
                    constraint no_gifts check (price > 0))
                """)
        try pair.branchDatabase.run(
            "insert into item select n, n - 1777 + case when n < 1777 then 5000 else 0 end from generate_series(1, 4000) n"
        )
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "3999")
        let atBranch = try await pair.branch.rows(of: TableName("item"), matching: RowFilter(states: [.setAside]))
        #expect(atBranch.rows.map(\.values) == [["1777", "0.00"]])
        #expect(atBranch.rows.first?.reason?.contains("no_gifts") == true)
        let atHead = try await pair.head.rows(of: TableName("item"), matching: RowFilter(states: [.setAside]))
        #expect(atHead.rows.first?.values.contains("1777") == true)
        let differing = try await pair.verify()
        #expect(differing.tables[0].differingKeys == [KeyDifference(key: RowKey(["1777"]), kind: .onlyAtSender)])

        try pair.headDatabase.run("alter table item drop constraint no_gifts")
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 100) == RetryOutcome(tried: 1, stored: 1))
        try await pair.deliverAcks()
        #expect(try await pair.branch.status()[0].setAside == 0)
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
    }

    @Test func parentAndChildInDifferentBatchesMeetAtTheHead() async throws {
        let pair = try await Pair(
            branch: """
                create table parent (id int primary key);
                create table child (id int primary key, parent int references parent deferrable initially deferred)
                """,
            tables: ["child", "parent"],
            head: """
                create table parent (branch_id text, id int, primary key (branch_id, id));
                create table child (branch_id text, id int, parent int, primary key (branch_id, id),
                    foreign key (branch_id, parent) references parent)
                """)
        try pair.branchDatabase.run("begin; insert into child values (1, 100); insert into parent values (100); commit")
        try await pair.sync(changes: 1)
        #expect(try pair.headDatabase.run("select parent from child") == "100")
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    @Test func circularForeignKeysAreStored() async throws {
        let pair = try await Pair(
            branch: """
                create table a (id int primary key, b int); create table b (id int primary key, a int references a);
                alter table a add foreign key (b) references b;
                """,
            tables: ["a", "b"],
            head: """
                create table a (branch_id text, id int, b int, primary key (branch_id, id));
                create table b (branch_id text, id int, a int, primary key (branch_id, id),
                    foreign key (branch_id, a) references a);
                alter table a add foreign key (branch_id, b) references b;
                """)
        try pair.branchDatabase.run("insert into a values (1, null); insert into b values (1, 1); update a set b = 1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select a.b, b.a from a, b") == "1|1")
    }

    @Test func truncatePartitionsMergeAndWritableCTEsAreCaptured() async throws {
        let pair = try await Pair(
            branch: """
                create table sale (id int, day date, note text, primary key (id, day)) partition by range (day);
                create table sale_1 partition of sale for values from ('2026-01-01') to ('2026-02-01');
                create table item (id int primary key, name text)
                """, tables: ["sale", "item"])
        try pair.branchDatabase.run(
            """
            insert into sale values (1, '2026-01-05', 'a');
            insert into sale_1 values (2, '2026-01-06', 'b');
            create table sale_2 partition of sale for values from ('2026-02-01') to ('2026-03-01');
            insert into sale_2 values (3, '2026-02-06', 'c');
            update sale set day = '2026-02-07' where id = 1;
            insert into item values (1, 'x'), (2, 'y');
            insert into item values (2, 'z') on conflict (id) do update set name = excluded.name;
            merge into item using (values (1, 'merged'), (9, 'new')) v(id, name) on item.id = v.id
                when matched then update set name = v.name when not matched then insert values (v.id, v.name);
            with gone as (delete from item where id = 2 returning *) insert into item select 20, name from gone;
            copy item from stdin;
            30	copied
            \\.

            """)
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, day, note from sale order by id")
                == "1|2026-02-07|a\n2|2026-01-06|b\n3|2026-02-06|c")
        #expect(
            try pair.headDatabase.run("select id, name from item order by id") == "1|merged\n9|new\n20|z\n30|copied")
        try pair.branchDatabase.run("truncate item; insert into item values (1, 'again'); truncate sale_1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, name from item order by id") == "1|again")
        #expect(try pair.headDatabase.run("select id from sale order by id") == "1\n3")
        #expect(try await pair.verify().agrees)
    }
}
