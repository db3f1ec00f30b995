import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// A batch that turns out too large goes in parts, whatever its number.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SQLiteSplitTests {
    private func pair() async throws -> Pair {
        let pair = try await Pair(
            Pairing(branch: .sqlite, head: .postgres),
            branch: "create table doc (id integer primary key, body text, photo blob)", tables: ["doc"])
        try pair.branchDatabase.run(
            """
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 6)
            insert into doc select i, 'x', null from n
            """)
        return pair
    }

    @Test func aBatchThatIsNotTheNewestGoesInParts() async throws {
        let pair = try await pair()
        let first = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 4))
        let second = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 4))
        try await pair.branch.releaseBatch(first)
        let again = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 4))
        #expect(again.id == first.id && again.attempt == 2)
        // The first claim is not in force any more.
        #expect(try await pair.branch.splitBatch(first, keeping: 1) == nil)
        let part = try #require(try await pair.branch.splitBatch(again, keeping: 1))
        #expect(part.id == first.id && part.changes == 1 && part.number == 1)
        #expect(try await pair.branch.splitBatch(part, keeping: 1)?.changes == 1)
        for batch in [part, second] {
            _ = try await pair.head.receive(pair.build(batch), parking: false)
        }
        try await pair.deliverAcks()
        #expect(try pair.headDatabase.run("select id from doc order by id") == "1\n5\n6")
        #expect(try await pair.branch.status()[0].pending == 3)
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from doc") == "6")
        while try await pair.branch.prune(pair.stream) > 0 {}
        #expect(try pair.branchDatabase.run("select count(*) from trunkline_change") == "0")
        #expect(try await pair.verify().agrees)
    }

    @Test func aVerificationBehindASplitBatchIsAskedForAgain() async throws {
        let pair = try await pair()
        let id = UUID()
        try await pair.branch.requestVerification(VerificationRequest(id: id, stream: pair.stream))
        #expect(try await pair.branch.formVerification(of: pair.stream))
        let batch = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 100))
        #expect(batch.changes == 6)
        let part = try #require(try await pair.branch.splitBatch(batch, keeping: 2))
        _ = try await pair.head.receive(pair.build(part), parking: false)
        let second = try #require(try await pair.nextBatch())
        #expect(second.header.verification == nil)
        _ = try await pair.head.receive(second, parking: false)
        try await pair.deliverAcks()
        #expect(try await pair.branch.verificationResults(id).isEmpty)
        try await pair.sync()
        #expect(try await pair.branch.verificationResults(id).map(\.agrees) == [true])
    }

    @Test func aRowOverTheLimitIsSetAsideUnreadInAnyBatch() async throws {
        let pair = try await pair()
        try pair.branchDatabase.run(
            """
            insert into doc values (7, 'large', zeroblob(20000000)), (8, 'hex', zeroblob(700000)), (9, 'small', x'00')
            """)
        let claimed = try #require(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 100))
        let reading = try await pair.branch.readBatch(
            claimed, limits: ReadLimits(batchBytes: 2_000_000, rowBytes: 1 << 20))
        guard case .content(let tables) = reading else { throw TestFailure("too large") }
        #expect(tables[0].rowCount == 7)
        #expect(try await pair.branch.status()[0].setAside == 2)
        let rows = try await pair.branch.rows(of: TableName("doc"), matching: RowFilter(limit: 100)).rows
        #expect(rows.compactMap(\.reason) == Array(repeating: "the row is over the limit of 1048576 bytes", count: 2))
    }
}
