import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Values of every ordinary type come out at the head as they went in at the branch.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct TypeTests {
    /// A type, and literals of it that have bitten somebody.
    struct Sample: Sendable, CustomTestStringConvertible {
        var type: String
        var values: [String]
        var testDescription: String { type }

        init(_ type: String, _ values: String...) {
            self.type = type
            self.values = values
        }
    }

    static let samples = [
        Sample("smallint", "-32768", "32767"),
        Sample("integer", "-2147483648", "0"),
        Sample("bigint", "9223372036854775807", "-9223372036854775808"),
        Sample(
            "numeric", "'123456789012345678901234567890.123456789012345678901234567890'", "'NaN'", "'Infinity'", "0.10"),
        Sample("numeric(12,2)", "12.95", "-0.01"),
        Sample("real", "'NaN'", "'-Infinity'", "1e-37", "0.1"),
        Sample("double precision", "'NaN'", "'Infinity'", "0.1", "1e308", "4.9e-324", "'-0'"),
        Sample(
            "text", "''", "E'tab\\there'", "E'line\\nbreak\\r'", "'back\\slash'", "E'\\b\\f\\v'",
            "'\"quoted\" ''single'''",
            "'\\N'", "'\\.'", "'żółw 🐢 漢字'", "'NULL'"),
        Sample("varchar(5)", "'abcde'", "''"),
        Sample("char(4)", "'ab'"),
        Sample("bytea", "'\\x'", "'\\x00ff5c0a09'"),
        Sample("boolean", "true", "false"),
        Sample("date", "'2026-11-21'", "'0044-03-15 BC'", "'infinity'"),
        Sample("time", "'23:59:59.999999'"),
        Sample("time with time zone", "'23:59:59.5+05:30'"),
        Sample("timestamp", "'2026-11-21 01:02:03.000004'", "'-infinity'"),
        Sample("timestamp with time zone", "'2026-03-29 01:30:00 Europe/Berlin'", "'infinity'"),
        Sample("interval", "'1 year 2 mons -3 days 04:05:06.789'", "'0'"),
        Sample("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
        Sample("json", "'{\"a\" :  [1, null, \"x\\ty\"]}'"),
        Sample("jsonb", "'{\"b\": 1.10, \"a\": \"\\u00e9\"}'"),
        Sample("integer[]", "'{1,NULL,3}'", "'{}'", "'[2:3]={7,8}'"),
        Sample("text[]", "array['a,b', E'c\\td', '\"q\"', '', null]"),
        Sample("int4range", "'[1,5)'", "'empty'"),
        Sample("tstzrange", "'[2026-01-01 00:00+01,)'"),
        Sample("inet", "'192.168.1.7/24'", "'::1'"),
        Sample("cidr", "'10.0.0.0/8'"),
        Sample("macaddr", "'08:00:2b:01:02:03'"),
        Sample("bit varying(8)", "B'1011'"),
        Sample("bit(3)", "B'101'"),
        Sample("point", "'(1.5,-2)'"),
        Sample("xml", "'<a b=\"c\">d</a>'"),
        Sample("money", "'12.34'"),
        Sample("mood", "'so so'", "'sad'"),
        Sample("mood[]", "'{\"so so\",sad}'"),
        Sample("positive", "7"),
    ]

    private static let userTypes = """
        create type mood as enum ('sad', 'so so'); create domain positive as integer check (value > 0);
        """

    @Test(arguments: [false, true]) func everyTypeArrivesAsItIs(atOnce: Bool) async throws {
        let columns = TypeTests.samples.enumerated().map { "c\($0.offset) \($0.element.type)" }.joined(separator: ", ")
        let depth = TypeTests.samples.map(\.values.count).max()!
        let pair = try await Pair(
            branch: "\(TypeTests.userTypes) create table thing (id int primary key, \(columns))", tables: ["thing"])
        var rows = ["(0, \(TypeTests.samples.map { _ in "null" }.joined(separator: ", ")))"]
        for row in 0..<depth {
            rows.append(
                "(\(row + 1), \(TypeTests.samples.map { $0.values[min(row, $0.values.count - 1)] }.joined(separator: ", ")))"
            )
        }
        // Once as inserts, which COPY straight into the table; once as updates, through the staging table.
        if !atOnce {
            try pair.branchDatabase.run("insert into thing (id) select n from generate_series(0, \(depth)) n")
            try await pair.sync()
            try pair.branchDatabase.run("delete from thing where id >= 0")
        }
        for row in rows { try pair.branchDatabase.run("insert into thing values \(row)") }
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside == 0)
        for (index, sample) in TypeTests.samples.enumerated() {
            let query = "select id, c\(index)::text, c\(index) is null from thing order by id"
            #expect(
                try pair.branchDatabase.run(query) == pair.headDatabase.run(query), "type \(sample.type)")
        }
        #expect(try await pair.verify().agrees)
    }

    static let keyTypes: [Sample] = samples.filter {
        !["json", "point", "xml", "real", "double precision"].contains($0.type)
    }

    @Test(arguments: keyTypes) func everyComparableTypeCanBeAKey(sample: Sample) async throws {
        let pair = try await Pair(
            branch:
                "\(TypeTests.userTypes) create table thing (\"Key\" \(sample.type) primary key, \"order\" int, \"x\" int)",
            tables: ["thing"])
        for value in sample.values { try pair.branchDatabase.run("insert into thing values (\(value), 1)") }
        try await pair.sync()
        try pair.branchDatabase.run("update thing set \"order\" = 2")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select count(*), min(\"order\") from thing") == "\(sample.values.count)|2")
        try pair.branchDatabase.run("delete from thing")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from thing") == "0")
    }

    @Test func awkwardNamesCompositeKeysAndGeneratedColumns() async throws {
        let pair = try await Pair(
            branch: #"""
                create schema "Odd.Schema";
                create table "Odd.Schema"."select ""all"" x" ("Order" text, "user" uuid default gen_random_uuid(), n int,
                    twice int generated always as (n * 2) stored, primary key ("user", "Order"));
                create table selfish (id int generated always as identity primary key, boss int references selfish)
                """#, tables: [#""Odd.Schema"."select ""all"" x""#, "selfish"])
        try pair.branchDatabase.run(
            #"""
            insert into "Odd.Schema"."select ""all"" x" ("Order", n) values ('a', 1), ('b', 2);
            insert into selfish (boss) values (null), (1), (2);
            """#)
        try await pair.sync()
        #expect(
            try pair.headDatabase.run(#"select "Order", n from "Odd.Schema"."select ""all"" x" order by 1"#)
                == "a|1\nb|2")
        #expect(try pair.headDatabase.run("select id, boss from selfish order by 1") == "1|\n2|1\n3|2")
        #expect(try await pair.verify().agrees)
    }

    @Test func aTableWithoutAPrimaryKeyIsRefusedWithTheWayOut() async throws {
        let pair = try Pair()
        try pair.branchDatabase.run("create table bare (n int); create table good (id int primary key)")
        await #expect {
            try await pair.initialiseBranch(["bare", "good", "missing"])
        } throws: { error in
            let text = "\(error)"
            return text.contains("table \"bare\" has no primary key; add one, or leave the table out of tables")
                && text.contains("table \"missing\" does not exist")
        }
        #expect(try pair.branchDatabase.run("select to_regnamespace('trunkline') is null") == "t")
    }
}
