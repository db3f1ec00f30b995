import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What does not arrive exactly as it was, in its type, is set aside; what is only spelt otherwise arrives in one form.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SQLiteExactValueTests {
    private static let table = """
        create table thing (id integer primary key, n integer, d DECIMAL(10,2), dt DECIMAL_TEXT(10,2), day DATE, at DATETIME,
            zoned TIMESTAMPTZ_TEXT, clock TIME, u UUID, b BOOLEAN, f REAL)
        """

    private func pair(_ sql: String = table, head: DatabaseKind = .postgres, table: String = "thing") async throws
        -> Pair
    {
        try await Pair(Pairing(branch: .sqlite, head: head), branch: sql, tables: [table])
    }

    @Test(arguments: [DatabaseKind.postgres, .sqlite])
    func unambiguousSpellingsArriveInTheCanonicalForm(head: DatabaseKind) async throws {
        let pair = try await pair(head: head)
        try pair.branchDatabase.run(
            """
            insert into thing (id, d, dt) values (1, 0.1 + 0.2, '+012.500'), (2, 12.1, '.5'), (3, '7', '0.10');
            insert into thing (id, day, at) values (4, '2016-07-04', '2016-07-04'), (5, '2016-07-04 00:00:00', '2016-07-04T07:08');
            insert into thing (id, zoned, clock) values (6, '2022-11-04 02:50:27+02:00', '07:08'),
                (7, '2024-02-29T23:30:00.500-01:00', '07:08:09.500'), (8, '2022-11-04 02:50:27', '00:00:00');
            insert into thing (id, u, b) values (9, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 1),
                (10, '{a0eebc999c0b4ef8bb6d6bb9bd380a11}', 'true')
            """)
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 0)
        let numbers = "select cast(d as text), cast(dt as text) from thing where id <= 3 order by id"
        #expect(
            try pair.headDatabase.run(numbers)
                == (head == .postgres ? "0.30|12.50\n12.10|0.50\n7.00|0.10" : "0.3|12.50\n12.1|0.5\n7|0.10"))
        #expect(
            try pair.headDatabase.run("select day, at from thing where id in (4, 5) order by id")
                == "2016-07-04|2016-07-04 00:00:00\n2016-07-04|2016-07-04 07:08:00")
        #expect(
            try pair.headDatabase.run(
                head == .postgres
                    ? "select zoned at time zone 'UTC', clock from thing where id in (6, 7, 8) order by id"
                    : "select rtrim(substr(zoned, 1, instr(zoned, '+') - 1)), clock from thing where id in (6, 7, 8) order by id"
            )
                == "2022-11-04 00:50:27|07:08:00\n2024-03-01 00:30:00.5|07:08:09.5\n2022-11-04 02:50:27|00:00:00")
        #expect(
            try pair.headDatabase.run("select distinct u from thing where id >= 9")
                == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
        #expect(try await pair.verify().agrees)
    }

    @Test func whatDoesNotFitItsTypeExactlyIsSetAside() async throws {
        let pair = try await pair()
        let bad = [
            ("at", "'2022-11-04 02:50:27+02:00'"), ("at", "'now'"), ("at", "1467590400"), ("day", "'03/04/21'"),
            ("day", "1619651225"), ("day", "'2023-02-29'"), ("day", "'2016-07-04 07:08'"), ("d", "12.345"),
            ("d", "1.31967"), ("d", "123456789.5"), ("dt", "'12.345'"), ("dt", "'1e3'"), ("n", "'many'"), ("n", "1.5"),
            ("clock", "'25:00'"), ("clock", "'07:08:09.1234567'"), ("u", "'not a uuid'"), ("b", "2"), ("b", "'yes'"),
            ("f", "'x'"), ("zoned", "'2022-11-04 02:50:27 Europe/Berlin'"),
            ("n", "'\(String(repeating: "x", count: 100_000))'"),
        ]
        for (index, (column, value)) in bad.enumerated() {
            try pair.branchDatabase.run("insert into thing (id, \(column)) values (\(index + 1), \(value))")
        }
        try pair.branchDatabase.run("insert into thing (id, n) values (1000, 1)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from thing") == "1000")
        #expect(try await pair.branch.status()[0].setAside == bad.count)
        let rows = try await pair.branch.rows(of: TableName("thing"), matching: RowFilter(states: [.setAside])).rows
        #expect(rows.count == bad.count && rows.allSatisfy { (1...300).contains($0.reason?.utf8.count ?? 0) })
    }

    @Test func keysThatMeanTheSameAreOneRowAtTheHeadAndNoDeleteOfOneRemovesTheOther() async throws {
        let pair = try await pair("create table t (id guid primary key, n int)", table: "t")
        let upper = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"
        try pair.branchDatabase.run(
            "insert into t values ('\(upper)', 1), ('B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 2)")
        try await pair.sync()
        let stored = "select id, n from t order by id"
        let lower = upper.lowercased()
        let other = "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
        #expect(try pair.headDatabase.run(stored) == "\(lower)|1\n\(other)|2")

        try pair.branchDatabase.run("update t set id = lower(id)")
        try await pair.sync()
        #expect(try pair.headDatabase.run(stored) == "\(lower)|1\n\(other)|2")

        try pair.branchDatabase.run("insert into t values ('\(upper)', 3)")
        try await pair.sync()
        #expect(try pair.headDatabase.run(stored) == "\(lower)|1\n\(other)|2")
        #expect(try await pair.branch.status()[0].setAside == 1)
        let rows = try await pair.branch.rows(of: TableName("t"), matching: RowFilter(states: [.setAside])).rows
        #expect(rows.count == 1 && rows[0].reason?.contains("another row") == true)

        try pair.branchDatabase.run("delete from t where id = '\(lower)'")
        try await pair.sync()
        #expect(try pair.headDatabase.run(stored) == "\(lower)|3\n\(other)|2")
        #expect(try await pair.branch.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)

        try pair.branchDatabase.run("delete from t where n = 3")
        try await pair.sync()
        #expect(try pair.headDatabase.run(stored) == "\(other)|2")
    }

    @Test func decimalKeysOfOneValueAreOneKey() async throws {
        let pair = try await pair("create table t (id DECIMAL_TEXT(5,2) primary key, n int)", table: "t")
        try pair.branchDatabase.run("insert into t values ('1.0', 1), ('1', 2), ('2.50', 3), ('001', 4)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, n from t order by id") == "1.00|2\n2.50|3")
        #expect(try await pair.branch.status()[0].setAside == 2)
        try pair.branchDatabase.run("delete from t where id = '1'; delete from t where id = '001'")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id, n from t order by id") == "1.00|1\n2.50|3")
        #expect(try await pair.branch.status()[0].setAside == 0)
    }
}
