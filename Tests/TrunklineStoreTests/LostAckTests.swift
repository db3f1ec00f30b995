import Foundation
import Testing
import TrunklineTesting

@testable import TrunklineCore

/// An ack is state: one that the broker had and lost is made good by a later one, on every pairing of databases.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct LostAckTests {
    private func loseAcks(_ pair: Pair) async throws {
        for pending in try await pair.head.pendingAcks(limit: 10) { try await pair.head.removePendingAck(pending) }
    }

    /// What was told is told long ago.
    private func letTimePass(_ pair: Pair, _ head: DatabaseKind) throws {
        try pair.headDatabase.run(
            head == .postgres
                ? "update trunkline.inbound set told_at = now() - interval '1 hour', list_begun_at = now() - interval '1 hour'"
                : "update trunkline_inbound set told_at = 0, list_begun_at = 0")
    }

    private static let items = "create table item (id integer primary key, n integer)"
    private static let positiveItems =
        "create table item (branch_id text, id integer, n integer check (n > 0), primary key (branch_id, id))"

    private func setAsideKeys(_ pair: Pair) async throws -> Int {
        try await pair.branch.rows(of: TableName("item"), matching: RowFilter(states: [.setAside], limit: 10_000)).rows
            .count
    }

    /// A lane has its stream's row for as long as it stores a batch: an ack is noted meanwhile, but one that tells news of
    /// set-aside rows, for which nobody waits.
    @Test func anAckIsNotedWhileABatchIsStored() async throws {
        let pair = try await Pair(branch: Self.items, tables: ["item"], head: Self.positiveItems)
        func receive(_ sql: String) async throws -> PendingAck {
            try pair.branchDatabase.run(sql)
            _ = try await pair.head.receive(try #require(try await pair.nextBatch()), parking: true)
            return try #require(try await pair.head.pendingAcks(limit: 1).first)
        }
        let plain = try await receive("insert into item values (1, 1)")
        let lock = "select from trunkline.inbound for update"
        let lane = try OpenTransaction(pair.headDatabase.url, lock)
        try await pair.head.removePendingAck(plain)
        #expect(try await pair.head.pendingAcks(limit: 1).isEmpty)
        try lane.rollBack()
        let news = try await receive("insert into item values (2, -2)")
        let again = try OpenTransaction(pair.headDatabase.url, lock)
        let error = await #expect(throws: StoreError.self) { try await pair.head.removePendingAck(news) }
        #expect(error?.code == .contention)
        try again.rollBack()
        try await pair.head.removePendingAck(news)
        #expect(try await pair.head.pendingAcks(limit: 1).isEmpty)
    }

    /// Two ackers may publish the same part of a list: the second hides nothing of what is still to be told.
    @Test(arguments: Pairing.all) func aPartThatIsNotedTwiceHidesNoOther(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"], head: Self.positiveItems)
        try pair.branchDatabase.run(
            "with recursive r (n) as (select 1 union all select n + 1 from r where n < 2500) insert into item select n, -n from r"
        )
        let batch = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(batch, parking: true)
        let part = try #require(try await pair.head.pendingAcks(limit: 1).first)
        for _ in 0..<2 {
            _ = try await pair.branch.recordAck(part.ack)
            try await pair.head.removePendingAck(part)
        }
        for _ in 0..<5 { try await pair.deliverAcks() }
        #expect(try await setAsideKeys(pair) == 2500)
    }

    /// Only what changed goes, once, a thousand rows at most in an ack.
    @Test(arguments: Pairing.all) func aLongListGoesInParts(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"], head: Self.positiveItems)
        try pair.branchDatabase.run(
            "with recursive r (n) as (select 1 union all select n + 1 from r where n < 2500) insert into item select n, -n from r"
        )
        let batch = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(batch, parking: true)
        var parts: [Int] = []
        while let pending = try await pair.head.pendingAcks(limit: 1).first {
            parts.append(try #require(pending.ack.setAside).count)
            #expect(pending.ack.setAsideTotal == 2_500 && pending.ack.gone == nil)
            _ = try await pair.branch.recordAck(pending.ack)
            try await pair.head.removePendingAck(pending)
        }
        #expect(parts == [1_000, 1_000, 500])
        #expect(try await setAsideKeys(pair) == 2_500)
        try pair.branchDatabase.run("update item set n = 1 where id in (7, 8); insert into item values (3000, -1)")
        let next = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(next, parking: true)
        let ack = try #require(try await pair.head.pendingAcks(limit: 1).first?.ack)
        #expect(ack.setAside?.count == 1 && ack.gone?.count == 2 && ack.setAsideTotal == 2_499)
        try await pair.deliverAcks()
        #expect(try await setAsideKeys(pair) == 2_499)
    }

    /// Of long keys less than a thousand, and none is forgotten where one ack ends and the next begins.
    @Test(arguments: Pairing.all) func aListOfLongKeysGoesInPartsOfAMegabyte(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id text primary key, n integer)", tables: ["item"],
            head: "create table item (branch_id text, id text, n integer check (n > 0), primary key (branch_id, id))")
        let key =
            pairing.branch == .postgres ? "lpad(n::text, 2000, 'x')" : "substr(hex(zeroblob(1000)) || n, -2000)"
        try pair.branchDatabase.run(
            "with recursive r (n) as (select 1 union all select n + 1 from r where n < 1200) insert into item select \(key), -n from r"
        )
        while let batch = try await pair.nextBatch(changes: 400) {
            _ = try await pair.head.receive(batch, parking: true)
        }
        var told = 0
        while let pending = try await pair.head.pendingAcks(limit: 1).first {
            let part = try #require(pending.ack.setAside)
            #expect(part.reduce(0) { $0 + $1.key.description.utf8.count } <= Ack.maximalListBytes + 2_100)
            told += part.count
            _ = try await pair.branch.recordAck(pending.ack)
            try await pair.head.removePendingAck(pending)
        }
        #expect(told == 1_200)
        #expect(try await setAsideKeys(pair) == 1_200)
        // They are tried again a megabyte at a time, and all of them.
        try pair.headDatabase.run(
            pairing.head == .postgres
                ? "alter table item drop constraint item_n_check"
                : "drop table item; create table item (branch_id text, id text, n integer, primary key (branch_id, id))"
        )
        var tried: [Int] = []
        while tried.last != 0 {
            tried.append(try await pair.head.retrySetAside(SetAsideSelection(stream: pair.stream), limit: 2_000).stored)
        }
        #expect(tried.reduce(0, +) == 1_200 && tried.count > 3)
        #expect(try pair.headDatabase.run("select count(*) from item") == "1200")
    }

    @Test(arguments: Pairing.all) func anAckThatWentByIsNoticedByTheNextOne(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"], head: Self.positiveItems)
        try pair.branchDatabase.run("insert into item values (4, -4)")
        _ = try await pair.head.receive(try #require(try await pair.nextBatch()), parking: true)
        try await loseAcks(pair)
        try pair.branchDatabase.run("insert into item values (5, -5)")
        try await pair.sync()
        try pair.branchDatabase.run("insert into item values (6, 6)")
        try await pair.sync()
        #expect(try await setAsideKeys(pair) == 2)
    }

    /// A sender of version 0.1 takes each list for the whole.
    @Test(arguments: Pairing.all) func anOlderSenderIsToldTheWholeList(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"], head: Self.positiveItems)
        for id in 1...2 {
            try pair.branchDatabase.run("insert into item values (\(id), -1)")
            let batch = try #require(try await pair.nextBatch())
            let body = String(decoding: try Zstd.decompress(batch.message, limit: 1 << 20), as: UTF8.self)
            let older = body.replacing("\"setAsideDifferences\":true,", with: "")
            _ = try await pair.head.receive(
                try InboundBatch(message: Zstd.compress([UInt8](older.utf8))), parking: true)
            let ack = try #require(try await pair.head.pendingAcks(limit: 1).first?.ack)
            #expect(ack.setAside?.count == id && ack.setAsideFrom == nil && ack.gone == nil)
            try await pair.deliverAcks()
        }
        #expect(try await setAsideKeys(pair) == 2)
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
        #expect(try await pair.head.pendingAcks(limit: 10).first?.ack.gone?.map(\.key) == [RowKey(["1"])])
        try await loseAcks(pair)
        try letTimePass(pair, pairing.head)
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
