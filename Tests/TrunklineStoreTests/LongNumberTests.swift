import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Numbers that take eight bytes and are a text of a hundred thousand: a row of them is measured by what travels.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct LongNumberTests {
    @Test(arguments: ["numeric", "numeric[]", "jsonb"])
    func aRowThatIsTooLongInWordsIsSetAsideAtItsSender(type: String) async throws {
        let columns = (1...130).map { "n\($0)" }
        let pair = try await Pair(
            branch: """
                create table item (id int primary key);
                create table reading (id int primary key, \(columns.map { "\($0) \(type)" }.joined(separator: ", ")))
                """, tables: ["item", "reading"])
        let number =
            switch type {
            case "numeric[]": "array['1e131071'::numeric]"
            case "jsonb": "'[1e131071]'"
            default: "'1e131071'"
            }
        let values = columns.map { _ in number }.joined(separator: ", ")
        try pair.branchDatabase.run(
            "insert into item values (1); insert into reading values (1, \(values)); insert into reading (id) values (2)"
        )
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item union all select id from reading") == "1\n2")
        let listing = try await pair.branch.rows(of: TableName("reading"), matching: RowFilter(states: [.setAside]))
        #expect(listing.rows.count == 1 && listing.rows[0].reason?.contains("bytes; the limit is") == true)
        // It is in nobody's way: the question is answered, and says that the row is at one end alone.
        let result = try await pair.verify()
        #expect(result.tables.first { $0.name == TableName("reading") }?.differences == 1)
    }

    /// Between databases of both kinds; all else does.
    @Test(arguments: [DatabaseKind.postgres, .sqlite])
    func aNumberOfTooManyDigitsDoesNotCount(head: DatabaseKind) async throws {
        let pair = try await Pair(
            Pairing(branch: .postgres, head: head),
            branch: "create table reading (id int primary key, a numeric, b numeric, c jsonb)", tables: ["reading"])
        try pair.branchDatabase.run(
            """
            insert into reading values (1, '1e131071', 1.5, '[1e1000, 1]'), (2, 'NaN', '-1e-500', '[]'),
                (3, ('1.' || repeat('0', 500))::numeric, null, null)
            """)
        try await pair.sync()
        #expect(try await pair.verify().agrees)
        try pair.headDatabase.run("update reading set b = 1.6 where id = 1")
        #expect(try await pair.verify().tables.map(\.differences) == [1])
    }

    /// Each of hundreds of columns is looked at once.
    @Test(arguments: ["numeric", "jsonb"]) func manySuchColumnsAreComparedAtOnce(type: String) async throws {
        // As many as a page has room for.
        let count = type == "numeric" ? 900 : 400
        let columns = (1...count).map { "n\($0) \(type)" }.joined(separator: ", ")
        let pair = try await Pair(
            branch: "create table reading (id int primary key, \(columns))", tables: ["reading"])
        let values = (1...count).map { _ in "'1'" }.joined(separator: ", ")
        try pair.branchDatabase.run("insert into reading values (1, \(values))")
        try await pair.sync()
        #expect(try await pair.verify().agrees)
    }
}
