import Foundation
import Testing
import TrunklineCore
import TrunklinePostgres
import TrunklineTesting

/// Capture that knows when it is not complete, on PostgreSQL.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct CaptureTests {
    private static let items =
        "create table item (id int primary key, name text); create table other (id int primary key)"
    private static let tables = ["item", "other"]

    private func standing(_ pair: Pair) async throws -> [String] {
        try await pair.branch.status()[0].standing.map { "\($0.table): \($0.reason)" }
    }

    @Test func rowLevelSecurityNeverDeletes() async throws {
        let pair = try await Pair(branch: Self.items, tables: Self.tables)
        try pair.branchDatabase.run("insert into item values (1, 'a')")
        try await pair.sync()
        let role = "service_\(UUID().uuidString.lowercased())"
        try pair.branchDatabase.run(
            """
            create role "\(role)" login; grant usage on schema trunkline, public to "\(role)";
            grant select, insert, update, delete on all tables in schema trunkline, public to "\(role)";
            alter table item enable row level security;
            create policy till on item using (current_user = 'till')
            """)
        defer { _ = try? pair.branchDatabase.run("drop owned by \"\(role)\"; drop role \"\(role)\"") }
        let clerk = try Pair.postgres(pair.branchDatabase.url, as: role)
        try pair.branchDatabase.run("update item set name = 'b' where id = 1; insert into other values (1)")
        try await pair.sync(from: clerk)
        #expect(try pair.headDatabase.run("select name from item") == "a")
        #expect(try pair.headDatabase.run("select count(*) from other") == "1")
        let status = try await clerk.status()[0]
        #expect(status.pending == 1)
        #expect(status.standing.count == 1 && status.standing[0].reason.contains("BYPASSRLS"))
        try pair.branchDatabase.run("alter role \"\(role)\" bypassrls")
        _ = try await pair.initialiseBranch(Self.tables)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select name from item") == "b")
        #expect(try await standing(pair) == [])
    }

    @Test func tablesThatSwapTheirNamesAreLoadedAgain() async throws {
        let pair = try await Pair(
            branch: "create table a (id int primary key); create table b (id int primary key)", tables: ["a", "b"])
        try pair.branchDatabase.run("insert into a values (1); insert into b values (2)")
        try await pair.sync()
        try pair.branchDatabase.run(
            """
            begin; alter table a rename to c; alter table b rename to a; alter table c rename to b; commit;
            insert into a values (3)
            """)
        try await Task.sleep(for: .milliseconds(600))
        try await pair.sync()
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from a where id in (2, 3) order by id") == "2\n3")
        #expect(try pair.headDatabase.run("select id from b where id = 1") == "1")
    }

    @Test func whatAPrivilegeHeldUpTravelsOnceItIsGranted() async throws {
        let pair = try await Pair(branch: Self.items, tables: Self.tables)
        let clerk = try Pair.store(url: pair.branchDatabase.roleWithout("item"))
        try pair.branchDatabase.run("insert into item values (1, 'a'); insert into other values (1)")
        try await pair.sync(from: clerk)
        #expect(try pair.headDatabase.run("select count(*) from other") == "1")
        let standing = try await clerk.status()[0].standing
        #expect(standing.count == 1 && standing[0].reason.contains("GRANT SELECT"))
        let grant = standing[0].reason.split(separator: "have its owner run: ")[1]
        try pair.branchDatabase.run("\(grant)")
        try await Task.sleep(for: .milliseconds(600))
        try await pair.sync(from: clerk)
        try await pair.sync(from: clerk)
        #expect(try pair.headDatabase.run("select name from item") == "a")
        #expect(try await clerk.status()[0].pending == 0)
    }

    @Test func aTableThatStandsStillDoesNotAgree() async throws {
        let pair = try await Pair(branch: Self.items, tables: Self.tables)
        try pair.branchDatabase.run("insert into item values (1, 'a')")
        try await pair.sync()
        try pair.branchDatabase.run("alter table item rename to articles")
        let result = try await pair.verify()
        #expect(!result.agrees && result.tables.count == 2)
        #expect(result.tables.first { $0.name == TableName("item") }?.problem?.contains("stands still at east") == true)
    }

    @Test func valuesThatWereWrittenAnewTravelAgain() async throws {
        let pair = try await Pair(
            branch: """
                create type state as enum ('open', 'shut');
                create table item (id int primary key, price int, state state)
                """, tables: ["item"])
        try pair.branchDatabase.run("insert into item values (1, 100, 'open')")
        try await pair.sync()
        try pair.branchDatabase.run("alter table item alter price type numeric(10,2) using price / 100.0")
        try pair.headDatabase.run("alter table item alter price type numeric")
        try await Task.sleep(for: .milliseconds(600))
        try await pair.sync()
        try await pair.sync()
        #expect(try pair.headDatabase.run("select price from item") == "1.00")
        try pair.branchDatabase.run("alter type state rename value 'open' to 'new'")
        try await Task.sleep(for: .milliseconds(600))
        try await pair.sync()
        try await pair.sync()
        #expect(try pair.headDatabase.run("select state from item") == "new")
        // A longer text is the same text.
        let travelled = try await {
            try pair.branchDatabase.run("alter table item alter price type numeric(14,2)")
            try await Task.sleep(for: .milliseconds(600))
            return try await pair.sync()
        }()
        #expect(travelled == 0)
    }

    @Test func tablesWhoseChangesNobodyTellsAreRefused() async throws {
        let pair = try Pair()
        try pair.branchDatabase.run(
            """
            create table parent (id int primary key); create table child (primary key (id)) inherits (parent);
            create unlogged table fleeting (id int primary key); create table item (id int primary key)
            """)
        for table in ["parent", "child", "fleeting"] {
            let refused = await #expect(throws: StoreError.self) { try await pair.initialiseBranch([table]) }
            #expect(refused?.reason.contains("cannot be synced") == true)
        }
        try await pair.initialiseBranch(["item"])
        try pair.branchDatabase.run("create table kid () inherits (item)")
        #expect(try await standing(pair).first?.contains("inherit") == true)
        try pair.branchDatabase.run("drop table kid")
        #expect(try await standing(pair).isEmpty)
        try pair.branchDatabase.run("create table stock (id int not null); alter table item inherit stock")
        #expect(try await standing(pair).first?.contains("inherit") == true)
    }

    @Test func aTableThatIsGoneStopsNoOther() async throws {
        let pair = try await Pair(branch: Self.items, tables: Self.tables)
        try pair.branchDatabase.run("insert into item values (1, 'a'); drop table item; insert into other values (1)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from other") == "1")
        #expect(try await standing(pair).count == 1)
        #expect(try await pair.branch.status()[0].pending == 1)
        try await pair.initialiseBranch(["other"])
        #expect(try await standing(pair) == [])
        #expect(try await pair.branch.status()[0].pending == 0)
    }

    @Test func aTableThatIsRenamedIsNamed() async throws {
        let pair = try await Pair(branch: Self.items, tables: Self.tables)
        try pair.branchDatabase.run("alter table item rename to articles; insert into articles values (1, 'a')")
        try await pair.sync()
        #expect(try await standing(pair).first?.contains("public.articles") == true)
        try pair.branchDatabase.run("alter table articles rename to item")
        try await pair.initialiseBranch(Self.tables)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select name from item") == "a")
    }

    @Test func aTableThatIsRebuiltIsLoadedAgain() async throws {
        let pair = try await Pair(branch: Self.items, tables: Self.tables)
        try pair.branchDatabase.run("insert into item values (1, 'a')")
        try await pair.sync()
        try pair.branchDatabase.run(
            """
            create table item_2 (like item including all); insert into item_2 select * from item; drop table item;
            alter table item_2 rename to item; insert into item values (2, 'b')
            """)
        await pair.branch.close()
        let again = try Pair.store(pair.branchDatabase)
        #expect(try await again.status()[0].standing.count == 1)
        try await eventually("the table is seen to") {
            try await pair.sync()
            return try pair.headDatabase.run("select count(*) from item") == "2"
        }
        try pair.branchDatabase.run("insert into item values (3, 'c')")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "3")
        #expect(try await standing(pair) == [])
    }

    @Test func triggersThatAreDisabledOrGoneAreMadeAnew() async throws {
        let pair = try await Pair(branch: Self.items, tables: Self.tables)
        for (index, change) in [
            "alter table item disable trigger user", "drop trigger trunkline_update on item",
            "alter table item disable trigger trunkline_insert",
        ].enumerated() {
            try pair.branchDatabase.run("\(change); insert into item values (\(index), 'a')")
            try await eventually("the table is seen to") {
                try await pair.sync()
                return try pair.headDatabase.run("select count(*) from item") == "\(index + 1)"
            }
        }
        try pair.branchDatabase.run(
            "set session_replication_role = replica; insert into item values (9, 'replica'); update item set name = 'r'"
        )
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item where name = 'r'") == "4")
        // As a restore of data alone does it.
        try pair.branchDatabase.run(
            """
            alter table item disable trigger all; insert into item values (10, 'restored');
            alter table item enable trigger all
            """)
        try await eventually("the table is seen to") {
            try await pair.sync()
            return try pair.headDatabase.run("select count(*) from item") == "5"
        }
        let states = "select distinct tgenabled from pg_trigger where tgname ~ '^trunkline_'"
        #expect(try pair.branchDatabase.run(states) == "A")
    }

    /// `pg_restore --clean` of the tables alone puts our triggers back too.
    @Test func aTableThatIsRestoredByItselfIsLoadedAgain() async throws {
        let pair = try await Pair(branch: Self.items, tables: Self.tables)
        try pair.branchDatabase.run("insert into item values (1, 'now')")
        try await pair.sync()
        try pair.branchDatabase.run(
            """
            do $$
            declare
                definitions text[]; definition text;
            begin
                select array_agg(pg_get_triggerdef(oid)) into definitions from pg_trigger
                    where tgrelid = 'item'::regclass and not tgisinternal;
                drop table item;
                create table item (id int primary key, name text);
                insert into item values (1, 'from the dump');
                foreach definition in array definitions loop execute definition; end loop;
                alter table item enable always trigger trunkline_insert, enable always trigger trunkline_update,
                    enable always trigger trunkline_delete, enable always trigger trunkline_truncate;
            end $$
            """)
        try await eventually("the table is loaded") {
            try await pair.sync()
            return try pair.headDatabase.run("select name from item") == "from the dump"
        }
    }

    @Test func aKeyThatItsTypeNoLongerHasIsDeleted() async throws {
        let pair = try await Pair(
            branch: """
                create type mood as enum ('ok', 'sad'); create table feeling (mood mood primary key, n int);
                create table item (id int primary key, name text)
                """, tables: ["feeling", "item"])
        try pair.branchDatabase.run("insert into feeling values ('ok', 1), ('sad', 2)")
        try await pair.sync()
        try pair.branchDatabase.run(
            """
            delete from feeling where mood = 'ok'; alter type mood rename value 'ok' to 'fine';
            insert into item values (1, 'after it'); insert into feeling values ('fine', 3)
            """)
        try await eventually("all is at the head") {
            try await pair.sync()
            return try pair.headDatabase.run("select mood, n from feeling order by n") == "sad|2\nfine|3"
        }
        #expect(try pair.headDatabase.run("select name from item") == "after it")
        #expect(try await pair.verify().agrees)
    }

    @Test func aKeyThatIsWidenedSendsEachRow() async throws {
        let pair = try await Pair(
            branch: "create table item (id int primary key, line int not null default 1, name text)", tables: ["item"])
        try pair.branchDatabase.run(
            """
            insert into item values (1, 1, 'a');
            alter table item drop constraint item_pkey, add primary key (id, line);
            insert into item values (1, 2, 'b'), (1, 3, 'c')
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select line, name from item order by line") == "1|a\n2|b\n3|c")
        #expect(try await standing(pair) == [])
    }

    @Test(arguments: [
        "id int primary key, name text", "id int, name text, primary key (name, id)",
        "id int primary key, name text) partition by range (id",
    ]) func aKeyColumnMayGetAnotherName(columns: String) async throws {
        let pair = try await Pair(
            branch: "create table item (\(columns))"
                + (columns.contains("partition") ? "; create table item_1 partition of item default" : ""),
            tables: ["item"])
        try pair.branchDatabase.run(
            """
            insert into item values (1, 'a'), (2, 'b'), (3, 'c');
            alter table item rename id to code;
            insert into item values (4, 'd'); update item set name = 'x' where code = 1; delete from item where code = 2;
            update item set code = 30 where code = 3
            """)
        #expect(
            try pair.branchDatabase.run("select count(distinct key) from trunkline.change")
                == (columns.contains("(name") ? "6" : "5"))
        try await pair.sync()
        #expect(try pair.headDatabase.run("select code, name from item order by code") == "1|x\n4|d\n30|c")
        try pair.branchDatabase.run("truncate item")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "0")
    }

    @Test func partitionsComeAndGo() async throws {
        let pair = try await Pair(
            branch: """
                create table sale (id int primary key) partition by range (id);
                create table sale_1 partition of sale for values from (0) to (10);
                create table sale_2 (id int primary key)
                """, tables: ["sale"])
        try pair.branchDatabase.run(
            """
            insert into sale values (1); insert into sale_2 values (11), (12);
            alter table sale attach partition sale_2 for values from (10) to (20);
            create table sale_3 partition of sale for values from (20) to (30);
            insert into sale values (21)
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from sale order by id") == "1\n11\n12\n21")
        try pair.branchDatabase.run("truncate sale_3; alter table sale detach partition sale_1")
        await pair.branch.close()
        try await eventually("the partitions are followed") {
            try await pair.sync()
            return try pair.headDatabase.run("select id from sale order by id") == "11\n12"
        }
        // Between two looks.
        try pair.branchDatabase.run(
            """
            alter table sale detach partition sale_2; insert into sale_2 values (13);
            alter table sale attach partition sale_2 for values from (10) to (20)
            """)
        try await eventually("a partition that was away is looked at") {
            try await pair.sync()
            return try pair.headDatabase.run("select id from sale order by id") == "11\n12\n13"
        }
        #expect(try await standing(pair) == [])
        #expect(try await pair.verify().agrees)
    }

    @Test func aPartitionIsRefusedWithItsParentsName() async throws {
        let sale = """
            create table sale (id int primary key) partition by range (id);
            create table sale_1 partition of sale for values from (0) to (10); create table film (id int primary key)
            """
        for (tables, words) in [
            (["sale_1"], "put \"sale\" into tables"), (["sale", "sale_1"], "\"sale\" has its rows"),
        ] {
            let pair = try Pair()
            try pair.branchDatabase.run(sale)
            let error = await #expect(throws: StoreError.self) { try await pair.initialiseBranch(tables) }
            #expect(error?.reason.contains(words) == true)
        }
        let pair = try Pair()
        try pair.branchDatabase.run(sale)
        try await pair.initialiseBranch(["public.film", "film", "sale"])
        #expect(try pair.branchDatabase.run("select name from trunkline.synced_table order by name") == "film\nsale")
    }

    @Test func theForeignKeysOfPartitionsAreTheirTables() async throws {
        let pair = try await Pair(
            branch: """
                create table pay (id int, shop int, primary key (id)) partition by range (id);
                create table pay_1 partition of pay for values from (0) to (100);
                create table shop (id int primary key); alter table pay_1 add foreign key (shop) references shop
                """, tables: ["pay", "shop"],
            head: """
                create table shop (branch_id text, id int, primary key (branch_id, id));
                create table pay (branch_id text, id int, shop int, primary key (branch_id, id),
                    foreign key (branch_id, shop) references shop)
                """)
        try pair.branchDatabase.run("insert into shop values (1); insert into pay values (1, 1), (2, 1)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from pay") == "2")
        #expect(try await pair.head.status()[0].setAside == 0)
    }
}
