import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// SQLite's own corners, under a PostgreSQL head, which is the strict one.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SQLiteTests {
    private static let pairing = Pairing(branch: .sqlite, head: .postgres)

    @Test func aRowEvictedByReplaceIsDeletedAtTheHead() async throws {
        let pair = try await Pair(
            Self.pairing,
            branch: """
                create table item (id integer primary key, sku text unique, name text, a int, b int);
                create unique index both on item (a, b) where a > 0;
                create unique index lowered on item (lower(name))
                """, tables: ["item"])
        try pair.branchDatabase.run(
            "insert into item values (1, 'x', 'one', 1, 1), (2, 'y', 'two', 2, 2), (3, 'z', 'three', 3, 3), (4, 'w', 'four', 4, 4)"
        )
        try await pair.sync()
        try pair.branchDatabase.run(
            """
            insert or replace into item values (10, 'x', 'ten', 10, 10);
            update or replace item set a = 2, b = 2 where id = 10;
            replace into item values (11, 'v', 'THREE', 11, 11)
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, sku from item order by id") == "4|w\n10|x\n11|v")
        #expect(try await pair.verify().agrees)
    }

    @Test func keysThatACollationTakesForEqualAreTwoKeys() async throws {
        let pair = try await Pair(
            Self.pairing,
            branch: """
                create table code (code text collate nocase primary key, n int) without rowid;
                create table pair (a text, b blob, n int, primary key (a, b))
                """, tables: ["code", "pair"])
        try pair.branchDatabase.run(
            "insert into code values ('ABC', 1); insert into pair values ('a,b', x'00ff', 1), ('', x'', 2)")
        try await pair.sync()
        try pair.branchDatabase.run(
            "update code set code = 'abc'; update pair set n = 5 where b = x'00ff'; delete from pair where a = ''")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select code, n from code") == "abc|1")
        #expect(try pair.headDatabase.run("select a, b, n from pair") == "a,b|\\x00ff|5")
        #expect(try await pair.verify().agrees)
    }

    @Test func aValueThatDoesNotFitIsSetAsideAndNotCoerced() async throws {
        let pair = try await Pair(
            Self.pairing, branch: "create table item (id integer primary key, n integer, photo blob, name text)",
            tables: ["item"])
        try pair.branchDatabase.run(
            """
            insert into item values (1, 1, x'c0ffee', 'good'), (2, 'many', null, 'text in integer'),
                (3, 3, 'text', 'text in blob'), (4, 4, null, x'6162'), (5, 1.5, null, 'real in integer'),
                (6, 6, null, 'nul' || char(0) || 'inside')
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, n, photo, name from item") == "1|1|\\xc0ffee|good")
        #expect(try await pair.branch.status()[0].setAside == 5)
        let rows = try await pair.branch.rows(of: TableName("item"), matching: RowFilter(states: [.setAside]))
        #expect(rows.rows.allSatisfy { $0.reason?.isEmpty == false })
        try pair.branchDatabase.run("update item set n = 2, photo = x'00', name = 'mended' where id > 1")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func decimalsStayExact(head: DatabaseKind) async throws {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: head),
            branch: "create table price (id integer primary key, exact DECIMAL_TEXT(30,10), numeric DECIMAL(10,2))",
            tables: ["price"])
        try pair.branchDatabase.run(
            "insert into price values (1, '12345678901234567890.0123456789', 12.95), (2, '0.10', 0.1)")
        try await pair.sync()
        let exact = try pair.headDatabase.run("select exact from price order by id")
        #expect(exact.hasPrefix("12345678901234567890.0123456789\n0.10"))
        #expect(try pair.headDatabase.run("select numeric from price order by id").hasPrefix("12.95\n0.1"))
        #expect(try await pair.verify().agrees)
    }

    @Test func aTableRebuiltByAMigrationIsCapturedAgain() async throws {
        let pair = try await Pair(
            Self.pairing, branch: "create table item (id integer primary key, name text)", tables: ["item"])
        try pair.branchDatabase.run("insert into item values (1, 'a')")
        try await pair.sync()
        try pair.headDatabase.run("alter table item add column note text")
        try pair.branchDatabase.run(
            """
            begin; create table fresh (id integer primary key, name text, note text);
            insert into fresh select id, name, 'migrated' from item; drop table item; alter table fresh rename to item; commit;
            insert into item values (2, 'b', 'after')
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, note from item order by id") == "1|migrated\n2|after")
        try pair.branchDatabase.run("update item set note = 'again'")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item where note = 'again'") == "2")
    }

    @Test(arguments: Pairing.all) func theShippedExampleKeepsItsSums(pairing: Pairing) async throws {
        let schema = try String(contentsOfFile: "examples/product_sales.\(pairing.branch).sql", encoding: .utf8)
        let pair = try await Pair(pairing, branch: schema, tables: ["product_sales"])
        try pair.branchDatabase.run(
            "insert into product_sales (date, region, product, qty, cost, tax) values ('2021-04-29', 'East', 'Paper', 73, '12.95', '66.17')"
        )
        try await pair.sync()
        let row = "select date, region, product, qty, cost, amt, tax, total, deleted_at is null from product_sales"
        #expect(try pair.headDatabase.run(row).hasPrefix("2021-04-29|East|Paper|73|12.95|945.35|66.17|1011.52|"))
        try pair.branchDatabase.run("update product_sales set qty = -1")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select amt, total from product_sales") == "-12.95|53.22")
        #expect(try await pair.verify().agrees)
    }
}
