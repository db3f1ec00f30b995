import Foundation
import Testing
import TrunklineCore
import TrunklinePostgres
import TrunklineTesting

/// Promise 9: a database that was restored from an older backup is noticed, nothing is overwritten before someone
/// decides, and both sides agree afterwards. On every pairing of databases.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct RecoveryTests {
    private static let items = """
        create table item (id integer primary key, name text, n integer);
        insert into item values (1, 'one', 1), (2, 'two', 2), (3, 'three', 3);
        """
    private static let atHead = "select id, name from item where branch_id = 'east' order by id"
    private static let atBranch = "select id, name from item order by id"

    /// A branch that sold 4 and 5, came back from a backup of before that, and sold another 4 and 6 since.
    private func restoredBranch(_ pairing: Pairing) async throws -> Pair {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try await pair.sync()
        try pair.branchDatabase.backUp()
        try pair.branchDatabase.run("insert into item values (4, 'four', 4)")
        try await pair.sync()
        try pair.branchDatabase.run("insert into item values (5, 'five', 5)")
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run("insert into item values (4, 'another four', 40), (6, 'six', 6)")
        return pair
    }

    private func isStopped(_ store: any OfficeStore) async throws -> Bool { try await store.status()[0].stopped != nil }

    @Test(arguments: Pairing.all) func aRestoredBranchIsStoppedAtBothEnds(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        let before = try pair.headDatabase.run(Self.atHead)
        let batch = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(batch, parking: false)
        try await pair.deliverAcks()
        #expect(try await isStopped(pair.branch))
        let halt = try #require(try await pair.branch.pendingHalt(of: pair.stream))
        try await pair.head.takeHalt(halt)
        try await pair.branch.haltPublished(halt)
        #expect(try await pair.branch.pendingHalt(of: pair.stream) == nil)
        #expect(try await isStopped(pair.head))
        #expect(try await pair.nextBatch() == nil)
        #expect(try pair.headDatabase.run(Self.atHead) == before)
    }

    @Test(arguments: Pairing.all) func keepBranchReplacesTheHeadsRowsAndKeepsThem(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        // What comes as it is there replaces nothing.
        _ = try await pair.branch.resync(nil, to: nil)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run(Self.atHead) == pair.branchDatabase.run(Self.atBranch))
        #expect(try await pair.verify().agrees)
        let kept = try pair.headDatabase.run("select row from \(pair.superseded(pairing.head)) order by id")
        #expect(kept.contains("\"four\"") && kept.contains("\"five\"") && kept.split(separator: "\n").count == 2)
        #expect(!kept.contains("another"))
    }

    /// Whoever recovers again and again does not fill the head.
    @Test(arguments: [Pairing(branch: .postgres, head: .postgres), Pairing(branch: .sqlite, head: .sqlite)])
    func supersededRowsHaveALimit(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        let table = pair.superseded(pairing.head)
        let at = pairing.head == .postgres ? "now()" : "'2026-01-01T00:00:00.000Z'"
        try pair.headDatabase.run(
            """
            insert into \(table) (stream, table_name, row, reason, at)
            with recursive c (x) as (select 1 union all select x + 1 from c where x < 500000)
            select '\(pair.stream)', 'item', '{}', 'a test', \(at) from c
            """)
        let error = await #expect(throws: StoreError.self) { try await pair.finishRecovery() }
        #expect(error?.reason.contains("superseded_row; the limit is 500000 rows and 512 MiB") == true)
        #expect(error?.owner == .stream)
        try pair.headDatabase.run("delete from \(table)")
        _ = try await pair.branch.resetStale(
            of: pair.stream, policy: StalePolicy(timeout: .zero, ceiling: .zero), quietFor: .seconds(60))
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func keepHeadPutsTheBranchsRowsAside(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
        #expect(
            try pair.headDatabase.run(Self.atHead).split(separator: "\n")
                == ["1|one", "2|two", "3|three", "4|four", "5|five", "6|six"])
        #expect(
            try pair.branchDatabase.run("select id, name from item where id in (4, 5) order by id") == "4|four\n5|five")
        let aside = try pair.branchDatabase.run("select row from \(pair.superseded(pairing.branch))")
        #expect(aside.contains("another four"))
        // What the head kept is the branch's again.
        try pair.branchDatabase.run("update item set name = 'another five' where id = 5")
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select name from item where id = 5 and branch_id = 'east'") == "another five")
    }

    @Test(arguments: Pairing.all) func comparingNamesTheKeysAndSendsNothing(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        try await pair.stopByAck()
        let before = try pair.headDatabase.run(Self.atHead)
        try await pair.branch.beginRecovery(of: pair.stream, .compare)
        let id = try #require(try await pair.branch.recovery(of: pair.stream)).verification
        try await pair.sync()
        try await pair.sync()
        let result = try #require(try await pair.branch.verificationResults(id).first)
        #expect(
            result.tables[0].differingKeys == [
                KeyDifference(key: RowKey(["4"]), kind: .different),
                KeyDifference(key: RowKey(["5"]), kind: .onlyAtReceiver),
                KeyDifference(key: RowKey(["6"]), kind: .onlyAtSender),
            ])
        #expect(result.tables[0].highestKey == 5)
        #expect(try pair.headDatabase.run(Self.atHead) == before)
        #expect(try await pair.branch.recovery(of: pair.stream)?.mode == .compare)
        // A decision may follow.
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
    }

    /// As after `pg_dump` of the rows alone, or a new file with the old rows.
    @Test(arguments: Pairing.all) func aBranchWhoseBookkeepingIsNewDecidesAsAfterARestore(pairing: Pairing) async throws
    {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.dropBookkeeping()
        try pair.branchDatabase.run("update item set name = 'another two' where id = 2; delete from item where id = 3")
        try await pair.initialiseBranch(["item"])
        let batch = try #require(try await pair.nextBatch())
        guard case .stopped = try await pair.head.receive(batch, parking: true) else {
            throw TestFailure("another epoch was taken")
        }
        try await pair.deliverAcks()
        #expect(try await isStopped(pair.branch))
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run(Self.atHead) == "1|one\n2|another two")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aRestoredHeadGetsBackWhatItLost(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try await pair.sync()
        try pair.headDatabase.backUp()
        try pair.branchDatabase.run(
            "insert into item values (4, 'four', 4); update item set n = 20 where id = 2; delete from item where id = 1"
        )
        try await pair.sync()
        // The change log of all that is gone.
        while try await pair.branch.prune(pair.stream) > 0 {}
        await pair.head.close()
        try pair.headDatabase.restore()
        try pair.branchDatabase.run("insert into item values (5, 'five', 5)")
        let batch = try #require(try await pair.nextBatch())
        guard case .behind = try await pair.head.receive(batch, parking: false) else {
            Issue.record("the head did not notice")
            return
        }
        try await pair.deliverAcks()
        #expect(try await !isStopped(pair.branch))
        try await pair.finishRecovery()
        let all = "select id, name, n from item"
        #expect(
            try pair.headDatabase.run("\(all) where branch_id = 'east' order by id")
                == pair.branchDatabase.run("\(all) order by id"))
        #expect(try await pair.verify().agrees)
    }

    /// What the head set aside before its backup is not what the branch has now.
    @Test(arguments: Pairing.all) func aSetAsideRowThatIsDeletedAfterARestoreOfTheHeadStaysAway(pairing: Pairing)
        async throws
    {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try await pair.sync()
        try pair.headDatabase.run(
            pairing.head == .postgres
                ? """
                create function refuse() returns trigger language plpgsql as $$ begin raise 'no four'; end $$;
                create trigger refuse before insert on item for each row when (new.id = 4) execute function refuse()
                """
                : "create trigger refuse before insert on item when new.id = 4 begin select raise(abort, 'no four'); end"
        )
        try pair.branchDatabase.run("insert into item values (4, 'four', 4)")
        try await pair.sync()
        #expect(try await pair.head.status()[0].setAside == 1)
        try pair.headDatabase.backUp()
        try pair.branchDatabase.run("insert into item values (5, 'five', 5)")
        try await pair.sync()
        await pair.head.close()
        try pair.headDatabase.restore()
        try pair.branchDatabase.run("delete from item where id = 4")
        let batch = try #require(try await pair.nextBatch())
        guard case .behind = try await pair.head.receive(batch, parking: false) else {
            Issue.record("the head did not notice")
            return
        }
        try pair.headDatabase.run(pairing.head == .postgres ? "drop trigger refuse on item" : "drop trigger refuse")
        try await pair.deliverAcks()
        try await pair.finishRecovery()
        _ = try await pair.head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try pair.headDatabase.run(Self.atHead) == pair.branchDatabase.run(Self.atBranch))
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
    }

    /// The head refuses a row whatever is done: the recovery ends all the same, and says so until both sides agree.
    @Test(arguments: Pairing.all) func aRecoveryThatGivesUpSaysSoUntilBothAgree(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.items, tables: ["item"],
            head: """
                create table item (branch_id text, id integer, name text, n integer check (n > 0),
                    primary key (branch_id, id))
                """)
        try await pair.sync()
        try pair.branchDatabase.backUp()
        try pair.branchDatabase.run("insert into item values (4, 'four', 4)")
        try await pair.sync()
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run("insert into item values (4, 'another four', 0)")
        try await pair.stopByAck()
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        for _ in 0..<100 where try await pair.branch.recovery(of: pair.stream) != nil { try await pair.sync() }
        let status = try await pair.branch.status()[0]
        #expect(status.recovery == nil)
        #expect(status.lastRecovery?.differing == [TableName("item")])
        #expect(try await !pair.verify().agrees)
        #expect(try await pair.branch.status()[0].lastRecovery?.differing == [TableName("item")])
        try pair.branchDatabase.run("update item set n = 4 where id = 4")
        try await pair.sync()
        #expect(try await pair.verify().agrees)
        #expect(try await pair.branch.status()[0].lastRecovery?.differing == [])
    }

    /// Nothing is written at the branch any more.
    @Test(arguments: Pairing.all) func anIdleBranchNoticesARestoredHead(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        #expect(try await !pair.branch.formIdleBatch(of: pair.stream, after: .zero), "there is something to send")
        try await pair.sync()
        try pair.headDatabase.backUp()
        try pair.branchDatabase.run("insert into item values (4, 'four', 4)")
        try await pair.sync()
        await pair.head.close()
        try pair.headDatabase.restore()
        #expect(try await !pair.branch.formIdleBatch(of: pair.stream, after: .seconds(3_600)), "the head just spoke")
        #expect(try await pair.branch.formIdleBatch(of: pair.stream, after: .zero))
        #expect(try await !pair.branch.formIdleBatch(of: pair.stream, after: .zero), "one is enough")
        let batch = try #require(try await pair.nextBatch())
        #expect(batch.header.tables.isEmpty)
        guard case .behind = try await pair.head.receive(batch, parking: false) else {
            Issue.record("the head did not notice")
            return
        }
        try await pair.deliverAcks()
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run(Self.atHead) == pair.branchDatabase.run(Self.atBranch))
        // In ordinary times it is acked like any other, and leaves nothing behind.
        #expect(try await pair.branch.formIdleBatch(of: pair.stream, after: .zero))
        #expect(try await pair.sync() == 0)
        while try await pair.branch.prune(pair.stream) > 0 {}
        let status = try await pair.branch.status()[0]
        #expect(status.watermark == status.lastFormed && status.inFlightBatches == 0)
    }

    @Test(arguments: Pairing.all) func messagesOfAnEpochThatIsOverChangeNothing(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        let late = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(late, parking: false)
        try await pair.stopByAck()
        let lateAck = try #require(try await pair.ackAgain(late))
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        let settled = try pair.headDatabase.run(Self.atHead)
        #expect(try await pair.head.receive(late, parking: false) == .duplicate)
        #expect(try pair.headDatabase.run(Self.atHead) == settled)
        guard case .ignored = try await pair.branch.recordAck(lateAck) else {
            Issue.record("an ack of an epoch that is over counted")
            return
        }
        #expect(try await pair.verify().agrees)
    }

    /// Two machines with one identity: the one that did not recover meets an epoch that it knows nothing of.
    @Test(arguments: Pairing.all) func aCopyOfTheBranchIsRefused(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        try await pair.stopByAck()
        try pair.branchDatabase.backUp()
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        let settled = try pair.headDatabase.run(Self.atHead)
        await pair.branch.close()
        try pair.branchDatabase.restore()
        let ack = try #require(try await pair.currentAck())
        guard case .stopped = try await pair.branch.recordAck(ack) else {
            Issue.record("the copy was not refused")
            return
        }
        #expect(try pair.headDatabase.run(Self.atHead) == settled)
    }

    @Test func keepHeadAsksForThePrivilegesThatItNeeds() async throws {
        let pair = try await Pair(
            branch: "create table item (id bigint generated by default as identity primary key, name text);",
            tables: ["item"])
        let role = "clerk_\(UUID().uuidString.prefix(8).lowercased())"
        try pair.branchDatabase.run(
            """
            create role \(role) login;
            grant usage on schema trunkline to \(role);
            grant select, insert, update, delete on all tables in schema trunkline to \(role);
            grant select on item to \(role);
            update trunkline.outbound_ack set stopped = 'a test';
            """)
        let clerk = try PostgresStore(url: pair.branchDatabase.url.replacing("://postgres@", with: "://\(role)@"))
        let error = await #expect(throws: StoreError.self) {
            try await clerk.beginRecovery(of: pair.stream, .keepHead, newKeys: true)
        }
        #expect(error?.hint?.contains("GRANT UPDATE ON") == true)
        #expect(error?.hint?.contains("GRANT DELETE ON") == true)
        #expect(error?.hint?.contains("GRANT INSERT ON") == true)
        #expect(error?.hint?.contains("GRANT SELECT, UPDATE ON SEQUENCE") == true)
        #expect(try await isStopped(pair.branch))
        await clerk.close()
        try pair.branchDatabase.run("drop owned by \(role); drop role \(role);")
    }

    /// A dump restored into another cluster, whose transaction ids are lower than those in the bookkeeping.
    @Test func aDumpThatMovedToAnotherClusterIsNoticed() async throws {
        let pair = try await Pair(branch: Self.items, tables: ["item"])
        try await pair.sync()
        try pair.branchDatabase.run("insert into item values (9, 'nine', 9)")
        try await pair.sync()
        try pair.branchDatabase.run("update trunkline.wave set snapshot = '900000000:900000000:' where number > 0")
        try pair.branchDatabase.run("insert into item values (4, 'four', 4)")
        #expect(try await pair.nextBatch() == nil)
        #expect(try await isStopped(pair.branch))
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
        #expect(try pair.headDatabase.run("select count(*) from item") == "5")
    }

    /// Its ids there have passed those of its last wave before anybody looked.
    @Test func aDumpThatMovedAndWasWrittenToIsNoticed() async throws {
        let pair = try await Pair(branch: Self.items, tables: ["item"])
        try await pair.sync()
        try pair.branchDatabase.run("insert into item values (9, 'nine', 9)")
        try await pair.sync()
        try pair.branchDatabase.run(
            """
            update trunkline.outbound set cluster = 1;
            insert into item values (4, 'four', 4);
            update trunkline.change set transaction = '5' where key = '{4}'
            """)
        let moved = try Pair.store(pair.branchDatabase)
        #expect(try await moved.claimBatch(of: pair.stream, window: 64, changes: 100) == nil)
        #expect(try await isStopped(pair.branch))
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        #expect(try await pair.verify().agrees)
        #expect(try pair.headDatabase.run("select count(*) from item") == "5")
        #expect(try pair.branchDatabase.run("select cluster <> 1 from trunkline.outbound") == "t")
    }

    @Test func aServerThatWasUpgradedGoesOn() async throws {
        let pair = try await Pair(branch: Self.items, tables: ["item"])
        try await pair.sync()
        try pair.branchDatabase.run("insert into item values (4, 'four', 4)")
        _ = try #require(try await pair.nextBatch())
        try pair.branchDatabase.run("update trunkline.outbound set cluster = 1; insert into item values (5, 'five', 5)")
        let upgraded = try Pair.store(pair.branchDatabase)
        #expect(try await upgraded.claimBatch(of: pair.stream, window: 64, changes: 100) != nil)
        #expect(try pair.branchDatabase.run("select cluster <> 1 from trunkline.outbound") == "t")
    }
}
