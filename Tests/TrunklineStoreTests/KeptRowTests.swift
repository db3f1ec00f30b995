import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Rows that a recovery kept at a receiver, and how it lets go of them.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct KeptRowTests {
    /// A head that lost its last two changes, whose branch kept what it had: the head has no row 1 any more.
    private func branchThatKept(_ pairing: Pairing) async throws -> DownPair {
        let pair = try await DownPair(pairing, head: DownPair.prices, branch: DownPair.price, DownPair.all)
        try await pair.sync()
        try pair.headDatabase.backUp()
        for cents in [160, 165] {
            try pair.headDatabase.run("update price set cents = \(cents) where id = 1")
            try await pair.sync()
        }
        await pair.head.close()
        try pair.headDatabase.restore()
        try pair.headDatabase.run("update price set cents = 230 where id = 2")
        while let batch = try await pair.nextBatch() {
            _ = try await pair.branches[DownPair.east]!.store.receive(batch, parking: false)
        }
        try await pair.deliverAcks()
        let stream = DownPair.stream(DownPair.east)
        try await pair.head.beginRecovery(of: stream, .keepHead)
        for _ in 0..<40 where try await pair.head.recovery(of: stream) != nil { try await pair.sync() }
        #expect(try pair.rows(DownPair.listing).hasPrefix("1|tea|165"))
        #expect(try pair.headDatabase.run("select count(*) from price where id = 1") == "0")
        return pair
    }

    private func superseded(_ pair: DownPair) throws -> String {
        let isPostgres = pair.branches[DownPair.east]!.database.kind == .postgres
        return try pair.rows(
            "select row, reason from \(isPostgres ? "trunkline.superseded_row" : "trunkline_superseded_row") order by id"
        )
    }

    @Test(arguments: Pairing.all) func keptRowsGiveWayWithACopyWhenSomebodySaysSo(pairing: Pairing) async throws {
        let pair = try await branchThatKept(pairing)
        let branch = pair.branches[DownPair.east]!.store
        try pair.headDatabase.run("insert into price values (1, 'tea', 180)")
        try await pair.sync()
        #expect(try pair.rows(DownPair.listing).hasPrefix("1|tea|165"))
        #expect(try await branch.retrySetAside(SetAsideSelection(), limit: 100).stored == 0)
        // Of another table.
        let other = SetAsideSelection(table: TableName("other"), releasesKept: true)
        #expect(try await branch.retrySetAside(other, limit: 100) == RetryOutcome(tried: 0, stored: 0))
        // Row 2 differed too, and went at the head.
        let outcome = try await branch.retrySetAside(
            SetAsideSelection(table: TableName("price"), releasesKept: true), limit: 100)
        #expect(outcome.stored == 2 && outcome.released == 2)
        #expect(try pair.rows(DownPair.listing) == "1|tea|180\n3|ink|400")
        let copies = try superseded(pair)
        #expect(copies.contains("165") && copies.contains("225") && !copies.contains("branch's row was kept"))
        // From now on it is a row like any other.
        try pair.headDatabase.run("update price set cents = 190 where id = 1")
        try await pair.sync()
        #expect(try pair.rows(DownPair.listing).hasPrefix("1|tea|190"))
        #expect(try await branch.status().allSatisfy { $0.setAside == 0 })
        #expect(try await pair.verify().agrees)
    }

    /// What the head has not goes, with a copy.
    @Test(arguments: Pairing.all) func aKeptRowThatTheHeadHasNotGoes(pairing: Pairing) async throws {
        let pair = try await branchThatKept(pairing)
        let branch = pair.branches[DownPair.east]!.store
        let outcome = try await branch.retrySetAside(SetAsideSelection(releasesKept: true), limit: 100)
        #expect(outcome.stored == 2 && outcome.released == 2)
        #expect(try pair.rows(DownPair.listing) == "3|ink|400")
        #expect(try superseded(pair).contains("165"))
        #expect(try await pair.verify().agrees)
    }

    /// What cannot be stored just now is kept still: no row goes without a copy, now or later.
    @Test(arguments: Pairing.all) func aRowThatDoesNotFitGivesNoWay(pairing: Pairing) async throws {
        let pair = try await branchThatKept(pairing)
        let east = pair.branches[DownPair.east]!
        try pair.headDatabase.run("insert into price values (1, 'tea', 180)")
        try await pair.sync()
        try east.database.run("alter table price rename column cents to pence")
        let unfit = try await east.store.retrySetAside(SetAsideSelection(releasesKept: true), limit: 100)
        #expect(unfit.released == 0)
        try east.database.run("alter table price rename column pence to cents")
        _ = try await east.store.retrySetAside(SetAsideSelection(), limit: 100)
        #expect(try pair.rows(DownPair.listing).hasPrefix("1|tea|165"))
        #expect(try await east.store.retrySetAside(SetAsideSelection(releasesKept: true), limit: 100).released == 2)
        #expect(try superseded(pair).contains("165"))
    }

    /// What a branch sends of a table that the head writes is listed where it is asked for, and lets the head's own rows be;
    /// whoever names the table lets go of it.
    @Test(arguments: Pairing.all) func aTableThatBothSendIsListedAndLetGoOf(pairing: Pairing) async throws {
        let pair = try await DownPair(pairing, head: DownPair.prices, branch: DownPair.price, DownPair.all)
        let east = pair.branches[DownPair.east]!
        try await pair.sync()
        _ = try await east.store.initialise(
            OfficeSetup(office: DownPair.east, role: .branch, tables: [TableName("price")]))
        let up = StreamID(from: DownPair.east, to: .head)
        let claimed = try #require(try await east.store.claimBatch(of: up, window: 64, changes: 100))
        guard
            case .content(let tables) = try await east.store.readBatch(
                claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        else { throw TestFailure("too large") }
        _ = try await pair.head.receive(
            try InboundBatch(message: BatchEncoder.encode(claimed, tables: tables)), parking: false)
        let price = TableName("price")
        let usual = try await pair.head.rows(of: price, matching: RowFilter())
        #expect(usual.rows.count == 3 && usual.standing == nil)
        let aside = try await pair.head.rows(of: price, matching: RowFilter(states: [.setAside]))
        #expect(aside.rows.count == 1 && aside.standing == nil)
        #expect(aside.rows.first?.reason?.hasPrefix("sent by east: ") == true)
        let outcome = try await pair.head.retrySetAside(SetAsideSelection(table: price), limit: 10)
        #expect(outcome == RetryOutcome(tried: 1, stored: 0))
        #expect(try await pair.head.rows(of: price, matching: RowFilter(states: [.setAside])).rows.isEmpty)
    }

    /// Before a recovery has ended its rows belong to it.
    @Test(arguments: Pairing.all) func aRecoveryThatGoesOnKeepsItsRows(pairing: Pairing) async throws {
        let pair = try await branchThatKept(pairing)
        let east = pair.branches[DownPair.east]!
        try east.database.run(
            east.database.kind == .postgres
                ? "update trunkline.inbound set recovery = 'keep-head'"
                : "update trunkline_inbound set recovery = 'keep-head'")
        let error = await #expect(throws: StoreError.self) {
            _ = try await east.store.retrySetAside(SetAsideSelection(releasesKept: true), limit: 100)
        }
        #expect(error?.description.contains("its recovery goes on") == true)
    }
}
