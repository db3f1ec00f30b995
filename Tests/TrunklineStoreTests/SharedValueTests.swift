import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Values of shared rows that the two kinds of databases write in two ways, or hold in two.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SharedValueTests {
    private func offices(
        _ pairing: Pairing, _ policy: ConflictPolicy, postgres: String, sqlite: String, rows: String = ""
    ) async throws -> SharedOffices {
        func made(_ kind: DatabaseKind) -> String { (kind == .postgres ? postgres : sqlite) + ";" }
        let offices = try await SharedOffices(
            pairing, policy, [SharedOffices.east], table: "doc", head: made(pairing.head) + rows,
            branch: made(pairing.branch) + rows)
        try await offices.settle()
        return offices
    }

    /// A value that was only written anew is none that anybody changed.
    @Test(arguments: Pairing.all) func aValueThatStoringWritesAnewIsNoChange(_ pairing: Pairing) async throws {
        let policy = ConflictPolicy(.headWins, columns: .init())
        let offices = try await offices(
            pairing, policy,
            postgres: "create table doc (id integer primary key, js jsonb, c char(10), ar integer[], other text)",
            sqlite: "create table doc (id integer primary key, js json, c char(10), ar text, other text)",
            // At the first join too.
            rows: #"insert into doc values (9, '{"z":1}', 'qq', '{1, 2}', 'both');"#)
        #expect(try offices.conflicts() == [])
        for (writer, other, id) in [(offices.east, offices.head, 1), (offices.head, offices.east, 2)] {
            try writer.run(#"insert into doc values (\#(id), '{"z":1}', 'qq', '{1, 2}', 'new')"#)
            try await offices.settle()
            try writer.run("update doc set other = 'writer' where id = \(id)")
            try other.run(#"update doc set js = '{"z":2}', c = 'rr', ar = '{3, 4}' where id = \#(id)"#)
            try await offices.settle()
        }
        #expect(try offices.conflicts() == [])
        let listing =
            "select id, replace(cast(js as text), ' ', ''), trim(c), replace(cast(ar as text), ' ', ''), other from doc order by id"
        #expect(
            try offices.rows(listing)
                == #"1|{"z":2}|rr|{3,4}|writer"# + "\n" + #"2|{"z":2}|rr|{3,4}|writer"# + "\n"
                + #"9|{"z":1}|qq|{1,2}|both"#)
    }

    /// Dates that PostgreSQL has and SQLite's functions have not travel through an office on SQLite and back.
    @Test(arguments: Pairing.all) func datesBeyondSQLite(_ pairing: Pairing) async throws {
        let offices = try await offices(
            pairing, ConflictPolicy(.lastWriterWins),
            postgres:
                "create table doc (id integer primary key, d date, t time, ts timestamp, tz timestamptz, other text)",
            sqlite:
                "create table doc (id integer primary key, d date, t time, ts timestamp, tz timestamptz, other text)")
        let writer = pairing.head == .postgres ? offices.head : offices.east
        try writer.run(
            """
            insert into doc values (1, 'infinity', '24:00:00', '-infinity', 'infinity', ''),
                (2, '0044-03-15 BC', '07:08:09', '0044-03-15 07:08:09 BC', '0001-01-01 00:00:00+00 BC', ''),
                (3, '20000-01-01', '07:08:09', '20000-01-01 07:08:09.5', '20000-01-01 00:00:00+00', '')
            """)
        try await offices.settle()
        for office in [offices.east, offices.head] {
            try office.run("update doc set other = other || 'x'")
            try await offices.settle()
        }
        let listing = "select id, d, t, ts, other from doc order by id"
        #expect(
            try offices.rows(listing) == """
                1|infinity|24:00:00|-infinity|xx
                2|0044-03-15 BC|07:08:09|0044-03-15 07:08:09 BC|xx
                3|20000-01-01|07:08:09|20000-01-01 07:08:09.5|xx
                """)
    }

    /// A SQLite column of two digits behind the point holds no more before it than PostgreSQL's, as far as we say.
    @Test(arguments: Pairing.all) func aSumThatHasNoRoom(_ pairing: Pairing) async throws {
        let policy = ConflictPolicy(.headWins, columns: .init(added: ["bal"]))
        let offices = try await offices(
            pairing, policy, postgres: "create table doc (id integer primary key, bal numeric(6,2))",
            sqlite: "create table doc (id integer primary key, bal decimal_text(6,2))",
            rows: "insert into doc values (1, '100.00');")
        try offices.head.run("update doc set bal = '9990.00'")
        try offices.east.run("update doc set bal = '150.00'")
        try await offices.settle()
        #expect(try offices.head.run("select bal from doc") == "9990.00")
        let setAside = try await offices.down.head.status().first { $0.direction == .receiving }?.setAside
        #expect(setAside == 1)
        // It counts as soon as there is room for it.
        try offices.head.run("update doc set bal = '20.00'")
        _ = try await offices.down.head.retrySetAside(SetAsideSelection(), limit: 10)
        try await offices.settle()
        #expect(try offices.rows("select bal from doc") == "70.00")
    }

    /// One row does not become two of it.
    @Test(arguments: Pairing.all) func aKeyThatIsPaddedAtOneEnd(_ pairing: Pairing) async throws {
        let offices = try await offices(
            pairing, ConflictPolicy(.lastWriterWins), postgres: "create table doc (k char(4) primary key, v text)",
            sqlite: "create table doc (k char(4) primary key, v text)")
        try offices.head.run("insert into doc values ('abcd', 'head'), ('aa', 'head')")
        try await offices.settle()
        try offices.east.run("update doc set v = 'east'")
        try await offices.settle()
        #expect(try offices.head.run("select count(*) from doc") == "2")
        #expect(try offices.head.run("select v from doc where k = 'abcd'") == "east")
        #expect(try offices.conflicts() == [])
        // Padded at both, or at none, it arrives.
        let arrives = pairing.head == pairing.branch || pairing.head == .postgres
        #expect(try offices.east.run("select count(*) from doc") == (arrives ? "2" : "1"))
    }

    /// A delete needs no column that its receiver lacks.
    @Test(arguments: Pairing.all) func aDeleteOfARowThatHasAColumnMore(_ pairing: Pairing) async throws {
        let table = "create table doc (id integer primary key, v text)"
        let offices = try await offices(
            pairing, ConflictPolicy(.lastWriterWins), postgres: table, sqlite: table,
            rows: "insert into doc values (1, 'a'), (2, 'b');")
        try offices.head.run("alter table doc add column more text")
        let rule = TableRule(TableName("doc"), direction: .shared, conflict: ConflictPolicy(.lastWriterWins))
        _ = try await offices.down.head.initialise(OfficeSetup(office: .head, role: .head, tables: [rule]))
        try offices.head.run("delete from doc where id = 1")
        try await offices.settle()
        #expect(try offices.east.run("select id from doc") == "2")
    }

    /// A number that the column would round is none that somebody decided for.
    @Test(arguments: DatabaseKind.allCases) func aDecisionIsNotRounded(_ head: DatabaseKind) async throws {
        let offices = try await offices(
            Pairing(branch: .sqlite, head: head), ConflictPolicy(.manual),
            postgres: "create table doc (id integer primary key, price numeric(6,2))",
            sqlite: "create table doc (id integer primary key, price decimal_text(6,2))",
            rows: "insert into doc values (1, '1.00');")
        try offices.head.run("update doc set price = '2.00'")
        try offices.east.run("update doc set price = '3.00'")
        try await offices.settle()
        let waiting = try await offices.down.head.conflicts(matching: ConflictFilter(isWaiting: true))
        let id = try #require(waiting.first?.id)
        let refused = await #expect(throws: StoreError.self) {
            try await offices.down.head.resolve(id, .set(["price": "1.005"]), anyway: false)
        }
        #expect(refused.map { "\($0)" }?.contains("price") == true)
        #expect(try offices.head.run("select price from doc") == "2.00")
        try await offices.down.head.resolve(id, .set(["price": "1.5"]), anyway: false)
        try await offices.settle()
        #expect(try offices.head.run("select price * 2 from doc").hasPrefix("3"))
    }
}
