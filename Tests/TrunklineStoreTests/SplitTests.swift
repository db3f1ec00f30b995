import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// A batch always fits: what is too large goes in part, and the rest behind it.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SplitTests {
    private static let items = "create table item (id int primary key, name text)"

    @Test(arguments: Pairing.all) func aBatchThatWasSentOnceIsSplit(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        for id in 1...6 { try pair.branchDatabase.run("insert into item values (\(id), 'item')") }
        let first = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 4))
        let second = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 4))
        #expect(second.changes == 2)
        try await pair.branch.releaseBatch(first)
        let again = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 4))
        // Somebody who holds the old claim changes nothing.
        #expect(try await pair.branch.splitBatch(first, keeping: 1) == nil)
        let small = try #require(try await pair.branch.splitBatch(again, keeping: 1))
        #expect(small.number == 1 && small.id == first.id && small.changes == 1)
        #expect(try await pair.branch.status()[0].pending == 3)
        for batch in [small, second] {
            _ = try await pair.head.receive(try await pair.build(batch), parking: false)
        }
        #expect(try pair.headDatabase.run("select id from item order by id") == "1\n5\n6")
        try await pair.deliverAcks()
        try pair.branchDatabase.run("delete from item where id = 3")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select id from item order by id") == "1\n2\n4\n5\n6")
        while try await pair.branch.prune(pair.stream) > 0 {}
        #expect(try await pair.branch.status()[0].pending == 0)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aVerificationBehindASplitBatchIsAskedAgain(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        for id in 1...4 { try pair.branchDatabase.run("insert into item values (\(id), 'item')") }
        let first = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 4))
        let id = UUID()
        try await pair.branch.requestVerification(VerificationRequest(id: id, stream: pair.stream))
        #expect(try await pair.branch.formVerification(of: pair.stream))
        #expect(try await pair.branch.formVerification(of: pair.stream) == false)
        let small = try #require(try await pair.branch.splitBatch(first, keeping: 2))
        _ = try await pair.head.receive(try await pair.build(small), parking: false)
        try await pair.sync()
        try await pair.sync()
        let result = try #require(try await pair.branch.verificationResults(id).first)
        #expect(result.agrees)
    }

    @Test func largeRowsAreSetAsideBeforeTheyAreRead() async throws {
        let pair = try await Pair(
            branch: "create table item (id int primary key, name text, scan bytea, note jsonb)", tables: ["item"])
        try pair.branchDatabase.run(
            """
            insert into item select n, 'small' from generate_series(1, 50) n;
            insert into item values (51, repeat('x', 60000000), null), (52, 'bytes', decode(repeat('00', 10000000), 'hex'));
            insert into item select 53, 'document', null, jsonb_build_object('text', repeat('y', 20000000));
            insert into item values (54, 'last')
            """)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*), max(id) from item") == "51|54")
        let status = try await pair.branch.status()[0]
        #expect(status.setAside == 3 && status.pending == 0)
        let rows = try await pair.branch.rows(of: TableName("item"), matching: RowFilter(states: [.setAside]))
        #expect(rows.rows.map { $0.values[0] } == ["51", "52", "53"])
        #expect(rows.rows.allSatisfy { $0.reason?.contains("bytes; the limit is") == true })
        try pair.branchDatabase.run("update item set name = 'short' where id = 51")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select name from item where id = 51") == "short")
        #expect(try await pair.branch.status()[0].setAside == 2)
    }
}
