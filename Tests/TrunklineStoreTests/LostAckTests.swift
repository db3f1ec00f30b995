import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// An ack is state: one that the broker had and lost is made good by a later one, on every pairing of databases.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct LostAckTests {
    private func loseAcks(_ pair: Pair) async throws {
        for pending in try await pair.head.pendingAcks(limit: 10) { try await pair.head.removePendingAck(pending) }
    }

    @Test(arguments: Pairing.all) func theListOfSetAsideRowsIsSaidUntilItsSenderHasIt(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key, n integer)", tables: ["item"],
            head: "create table item (branch_id text, id integer, n integer check (n > 0), primary key (branch_id, id))"
        )
        try pair.branchDatabase.run("insert into item values (1, -1)")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 1)
        // The word that the list is empty again is lost, and no later batch changes the list.
        try pair.branchDatabase.run("update item set n = 1")
        let mended = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(mended, parking: false)
        #expect(try await pair.head.pendingAcks(limit: 10).first?.ack.setAside == [])
        try await loseAcks(pair)
        try pair.branchDatabase.run("insert into item values (2, 2)")
        try await pair.sync()
        let status = try await pair.branch.status()[0]
        #expect(status.watermark == 3 && status.setAside == 0)
        let listing = try await pair.branch.rows(of: TableName("item"), matching: RowFilter(states: [.setAside]))
        #expect(listing.rows.isEmpty)
        // It is not said again to a sender that has it.
        try pair.branchDatabase.run("insert into item values (3, 3)")
        let last = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(last, parking: false)
        let ack = try #require(try await pair.head.pendingAcks(limit: 10).first?.ack)
        #expect(ack.setAside == nil && ack.setAsideTotal == 0)
    }

    /// A head that was restored counts the versions of its list once more, so a late ack may have a higher one.
    @Test(arguments: Pairing.all) func aListOfALifeThatARestoreEndedIsReplaced(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key, n integer)", tables: ["item"])
        try pair.branchDatabase.run("insert into item values (1, 1)")
        try await pair.sync()
        var late = try #require(try await pair.currentAck())
        late.setAsideVersion = 7
        late.setAside = [SetAsideNotice(table: TableName("item"), key: RowKey(["1"]), reason: "as it was then")]
        late.setAsideTotal = 1
        _ = try await pair.branch.recordAck(late)
        #expect(try await pair.branch.status()[0].setAside == 1)
        try pair.branchDatabase.run("insert into item values (2, 2)")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    @Test(arguments: Pairing.all) func aVerificationWhoseAnswerWasLostIsAskedAgain(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key, n integer)", tables: ["item"])
        try pair.branchDatabase.run("insert into item values (1, 1)")
        try await pair.sync()
        let wish = VerificationRequest(id: .init(), stream: pair.stream)
        try await pair.branch.requestVerification(wish)
        _ = try await pair.branch.formVerification(of: pair.stream)
        let question = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(question, parking: false)
        try await loseAcks(pair)
        try pair.branchDatabase.run("insert into item values (2, 2)")
        try await pair.sync()
        try await pair.sync()
        #expect(try await pair.branch.verificationResults(wish.id).first?.agrees == true)
    }
}
