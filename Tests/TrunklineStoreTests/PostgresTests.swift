import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What only PostgreSQL has.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct PostgresTests {
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

    /// As the init containers of a first start do; and nobody else's lock is in their way.
    @Test func initsAtOnceMakeOneBookkeeping() async throws {
        let directory = try TemporaryDirectory()
        let database = try TestOffice("head", .postgres, in: directory)
        let busybody = try OpenTransaction(database.url, "select pg_advisory_xact_lock(7236741209)")
        let stores = try (1...6).map { _ in try Pair.store(database) }
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
            for store in stores {
                group.addTask {
                    try await store.initialise(OfficeSetup(office: .head, role: .head, tables: [])).created
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(made == 1)
        try busybody.rollBack()
        for store in stores { await store.close() }
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
