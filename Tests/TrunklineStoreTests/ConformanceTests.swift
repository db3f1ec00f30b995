import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What every office store keeps, whichever database is at either end: one suite, run for each pairing.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct ConformanceTests {
    static let items = "create table item (id integer primary key, name text, n integer)"

    @Test(arguments: Pairing.all) func insertUpdateDeleteRestoreAndKeyChangeArrive(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        for id in 1...10 { try pair.branchDatabase.run("insert into item values (\(id), 'item', 0)") }
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*), min(branch_id) from item") == "10|east")
        try pair.branchDatabase.run(
            "update item set name = 'changed' where id = 3; delete from item where id = 4; update item set id = 50 where id = 5"
        )
        try await pair.sync()
        #expect(
            try pair.headDatabase.run("select id, name from item where id in (3, 4, 5, 50) order by id")
                == "3|changed\n50|item")
        try pair.branchDatabase.run("insert into item values (4, 'restored', 1)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select name from item where id = 4") == "restored")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func rowsThatWereThereBeforeInitBecomePendingOnce(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "\(Self.items); insert into item values (1, 'a', 0), (2, 'b', 0)", tables: ["item"])
        #expect(try await pair.branch.status()[0].pending == 2)
        #expect(try await pair.sync() == 2)
        let again = try await pair.initialiseBranch(["item"])
        #expect(again.captured.isEmpty && !again.created)
        #expect(try await pair.sync() == 0)
        #expect(try await pair.branch.resync(TableName("item"), to: nil) == 2)
        #expect(try await pair.sync() == 2)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aKeyUpdatedAThousandTimesTravelsOnce(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        for id in 1...20 { try pair.branchDatabase.run("insert into item values (\(id), 'item', 0)") }
        try await pair.sync()
        for _ in 1...20 {
            try pair.branchDatabase.run(String(repeating: "update item set n = n + 1 where id = 7;\n", count: 50))
            try pair.branchDatabase.run("update item set n = n + 1 where id <> 7")
        }
        #expect(try await pair.sync(changes: 10) == 20)
        #expect(try pair.headDatabase.run("select n from item where id = 7") == "1000")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func duplicatesGapsAndOtherHistories(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        for id in 1...3 { try pair.branchDatabase.run("insert into item values (\(id), 'item', 0)") }
        var batches: [InboundBatch] = []
        while let batch = try await pair.nextBatch(changes: 1) { batches.append(batch) }
        #expect(batches.count == 3)
        #expect(try await pair.head.receive(batches[2], parking: false) == .gap(expected: 1))
        #expect(try await pair.head.receive(batches[2], parking: true) == .parked)
        #expect(try await pair.head.receive(batches[0], parking: false) == .stored(rows: 1, deletes: 0, setAside: 0))
        #expect(try await pair.head.receive(batches[0], parking: false) == .duplicate)
        #expect(try await pair.head.nextParked(of: pair.stream) == nil)
        #expect(try await pair.head.receive(batches[1], parking: false) == .stored(rows: 1, deletes: 0, setAside: 0))
        let parked = try #require(try await pair.head.nextParked(of: pair.stream))
        #expect(
            try await pair.head.receive(InboundBatch(message: parked), parking: true)
                == .stored(rows: 1, deletes: 0, setAside: 0))
        #expect(try await pair.head.nextParked(of: pair.stream) == nil)
        #expect(try await pair.head.receive(batches[1], parking: false) == .duplicate)
        #expect(try pair.headDatabase.run("select count(*) from item") == "3")

        let foreign = ClaimedBatch(
            stream: pair.stream, epoch: UUID(), number: 4, id: UUID(), previousID: UUID(), attempt: 1, changes: 0)
        let outcome = try await pair.head.receive(
            InboundBatch(message: BatchEncoder.encode(foreign, tables: [])), parking: false)
        guard case .stopped = outcome else {
            Issue.record("another history was taken: \(outcome)")
            return
        }
        #expect(try await pair.head.status()[0].stopped != nil)
    }

    @Test(arguments: Pairing.all) func theWindowShrinkingReleasingAndStaleBatches(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        for id in 1...6 { try pair.branchDatabase.run("insert into item values (\(id), 'item', 0)") }
        let stream = pair.stream
        let large = try #require(try await pair.branch.claimBatch(of: stream, window: 2, changes: 4))
        let first = try #require(try await pair.branch.splitBatch(large, keeping: 1))
        #expect(first.changes == 1 && first.id == large.id)
        let second = try #require(try await pair.branch.claimBatch(of: stream, window: 2, changes: 2))
        #expect(second.number == 2 && second.previousID == first.id && second.changes == 2)
        #expect(try await pair.branch.splitBatch(first, keeping: 1)?.changes == 1)
        #expect(try await pair.branch.claimBatch(of: stream, window: 2, changes: 2) == nil)

        try await pair.branch.releaseBatch(first)
        let again = try #require(try await pair.branch.claimBatch(of: stream, window: 2, changes: 2))
        #expect(again.number == 1 && again.attempt == 2 && again.id == first.id)
        // The first claim is not in force any more.
        try await pair.branch.releaseBatch(first)
        #expect(try await pair.branch.claimBatch(of: stream, window: 2, changes: 2) == nil)

        let policy = StalePolicy(timeout: .milliseconds(1), ceiling: .milliseconds(1))
        #expect(try await pair.branch.streamsToReap(olderThan: .zero).first?.awaitsAck == true)
        #expect(try await !pair.branch.streamsToReap(olderThan: .seconds(600)).contains(where: \.awaitsAck))
        #expect(try await pair.branch.resetStale(of: stream, policy: policy, quietFor: .zero) == 0)
        try await eventually("both are stale") {
            _ = try await pair.branch.resetStale(of: stream, policy: policy, quietFor: .seconds(60))
            return try await pair.branch.status()[0].inFlightBatches == 0
        }
        try await pair.sync(changes: 1)
        #expect(try pair.headDatabase.run("select count(*) from item") == "6")
        #expect(try await !pair.branch.streamsToReap(olderThan: .zero).contains(where: \.awaitsAck))
        while try await pair.branch.prune(stream) > 0 {}
        let status = try await pair.branch.status()[0]
        #expect(
            status.pending == 0 && status.inFlightChanges == 0 && status.ackedRows == 6
                && status.oldestUnackedSeconds == nil)
    }

    @Test(arguments: Pairing.all) func acksAreIdempotentAndOfTheirEpoch(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try pair.branchDatabase.run("insert into item values (1, 'item', 0)")
        let batch = try #require(try await pair.nextBatch())
        _ = try await pair.head.receive(batch, parking: false)
        let pending = try #require(try await pair.head.pendingAcks(limit: 10).first)
        guard case .recorded(let acked) = try await pair.branch.recordAck(pending.ack) else {
            Issue.record("the ack was not recorded")
            return
        }
        #expect(acked.map(\.number) == [pending.ack.watermark] && acked.map(\.id) == [pending.ack.batchID])
        #expect(try await pair.branch.recordAck(pending.ack) == .recorded(acked: []))
        var foreign = pending.ack
        foreign.stream = StreamID(from: OfficeID("west")!, to: .head)
        guard case .ignored = try await pair.branch.recordAck(foreign) else {
            Issue.record("an ack of another stream was taken")
            return
        }
        // News between the publication and its removal keeps the ack pending.
        _ = try await pair.head.receive(batch, parking: false)
        try await pair.head.removePendingAck(pending)
        #expect(try await pair.head.pendingAcks(limit: 10).count == 1)
        var ahead = pending.ack
        ahead.watermark = 99
        guard case .stopped = try await pair.branch.recordAck(ahead) else {
            Issue.record("an ack from the future was taken")
            return
        }
        #expect(try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 1) == nil)
    }

    /// The list of a page looks at the page alone; here the page, what is behind it and the deletes are all in other states.
    @Test(arguments: Pairing.all) func theFirstRowsInEachStateAreFound(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try pair.branchDatabase.run(
            "insert into item with recursive c(x) as (select 1 union all select x + 1 from c where x < 12) select x, 'item', x from c"
        )
        try await pair.sync()
        try pair.branchDatabase.run("update item set n = 20 where id in (2, 11); delete from item where id in (3, 4)")
        let page = try await pair.branch.rows(of: TableName("item"), matching: RowFilter(limit: 3)).rows
        #expect(page.map(\.values[0]) == ["1", "2", "5"])
        #expect(page.map(\.state) == [.acked, .pending, .acked])
        func keys(_ states: Set<RowState>, _ limit: Int) async throws -> [String?] {
            try await pair.branch.rows(of: TableName("item"), matching: RowFilter(states: states, limit: limit)).rows
                .map(\.values[0])
        }
        #expect(try await keys([.pending], 1) == ["2"])
        #expect(try await keys([.pending], 9) == ["2", "11", "3", "4"])
        #expect(try await keys([.acked], 2) == ["1", "5"])
        #expect(try await keys([], 10) == ["1", "2", "5", "6", "7", "8", "9", "10", "11", "12"])
        #expect(try await keys([], 11) == ["1", "2", "5", "6", "7", "8", "9", "10", "11", "12", "3"])
        #expect(try await keys([.sent, .setAside], 5) == [])
        _ = try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 100)
        #expect(try await keys([.sent], 2) == ["2", "11"])
    }

    /// Also where there is no row, or no table, to show it with.
    @Test(arguments: Pairing.all) func whatIsSetAsideIsListed(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "\(Self.items); create table note (id integer primary key)", tables: ["item", "note"],
            head: """
                create table item (branch_id text not null, id integer not null, name text, n integer,
                    primary key (branch_id, id));
                create table kept (branch_id text, id integer,
                    foreign key (branch_id, id) references item (branch_id, id))
                """)
        try pair.branchDatabase.run("insert into item values (1, 'a', 1), (2, 'b', 2)")
        try await pair.sync()
        try pair.headDatabase.run("insert into kept values ('east', 1)")
        try pair.branchDatabase.run("delete from item where id = 1")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 1)
        let filter = RowFilter(states: [.setAside])
        let atBranch = try await pair.branch.rows(of: TableName("item"), matching: filter).rows
        #expect(atBranch.map(\.values) == [["1", nil, nil]] && atBranch.map(\.deleted) == [true])
        #expect(atBranch.first?.reason?.isEmpty == false)
        // The stored row, whose newer image is set aside, is listed once.
        let atHead = try await pair.head.rows(of: TableName("item"), matching: RowFilter()).rows
        #expect(atHead.map { $0.values[1] }.sorted { $0! < $1! } == ["1", "2"])
        #expect(Set(atHead.map(\.state)) == [.acked, .setAside])
        #expect(try await pair.head.rows(of: TableName("item"), matching: RowFilter(states: [.acked])).rows.count == 1)
        // Of a table that is gone.
        try pair.headDatabase.run("drop table kept; drop table item")
        let alone = try await pair.head.rows(of: TableName("item"), matching: filter)
        #expect(alone.columns == ["branch_id", "key"] && alone.rows.map(\.values[0]) == ["east"])
        await #expect(throws: StoreError.self) {
            _ = try await pair.head.rows(of: TableName("nothing"), matching: filter)
        }
    }

    @Test(arguments: Pairing.all) func oneBadRowIsSetAsideToldRetriedAndCleared(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: Self.items, tables: ["item"],
            head: """
                create table item (branch_id text not null, id integer not null, name text, n integer,
                    constraint no_gifts check (n > 0), primary key (branch_id, id))
                """)
        try pair.branchDatabase.run(
            "insert into item with recursive c(x) as (select 1 union all select x + 1 from c where x < 3000) select x, 'item', x - 1777 * (x = 1777)"
                .replacing("x - 1777 * (x = 1777)", with: "case when x = 1777 then 0 else x end") + " from c")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select count(*) from item") == "2999")
        let atBranch = try await pair.branch.rows(of: TableName("item"), matching: RowFilter(states: [.setAside]))
        #expect(atBranch.rows.map(\.values) == [["1777", "item", "0"]])
        #expect(atBranch.rows.first?.reason?.contains("no_gifts") == true)
        let atHead = try await pair.head.rows(of: TableName("item"), matching: RowFilter(states: [.setAside]))
        #expect(atHead.rows.map(\.values) == [["east", "1777", "item", "0"]])
        for store in [pair.branch, pair.head] as [any OfficeStore] {
            #expect(try await store.status()[0].setAsideTables == [TableName("item")])
        }
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 10).stored == 0)
        let differing = try await pair.verify()
        #expect(differing.tables[0].differingKeys == [KeyDifference(key: RowKey(["1777"]), kind: .onlyAtSender)])
        // A later image of the same key replaces it.
        try pair.branchDatabase.run("update item set n = 5 where id = 1777")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 0)
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func parentAndChildInDifferentBatchesMeetAtTheHead(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing,
            branch: """
                create table parent (id integer primary key);
                create table child (id integer primary key, parent integer references parent deferrable initially deferred)
                """,
            tables: ["child", "parent"],
            head: """
                create table parent (branch_id text not null, id integer not null, primary key (branch_id, id));
                create table child (branch_id text not null, id integer not null, parent integer,
                    primary key (branch_id, id), foreign key (branch_id, parent) references parent (branch_id, id))
                """)
        try pair.branchDatabase.run("begin; insert into child values (1, 100); insert into parent values (100); commit")
        try await pair.sync(changes: 1)
        #expect(try pair.headDatabase.run("select parent from child") == "100")
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    @Test(arguments: Pairing.all) func circularForeignKeysAreStored(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing,
            branch:
                "create table a (id integer primary key, b integer); create table b (id integer primary key, a integer)",
            tables: ["a", "b"],
            head: pairing.head == .postgres
                ? """
                create table a (branch_id text, id int, b int, primary key (branch_id, id));
                create table b (branch_id text, id int, a int, primary key (branch_id, id),
                    foreign key (branch_id, a) references a);
                alter table a add foreign key (branch_id, b) references b
                """
                : """
                create table a (branch_id text not null, id integer not null, b integer, primary key (branch_id, id),
                    foreign key (branch_id, b) references b (branch_id, id));
                create table b (branch_id text not null, id integer not null, a integer, primary key (branch_id, id),
                    foreign key (branch_id, a) references a (branch_id, id))
                """)
        try pair.branchDatabase.run("insert into a values (1, 1); insert into b values (1, 1)")
        try await pair.sync()
        #expect(try pair.headDatabase.run("select a.b, b.a from a, b") == "1|1")
    }

    @Test(arguments: Pairing.all) func aTableThatTheHeadDoesNotTakeIsSetAsideWhole(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "\(Self.items); create table secret (id integer primary key)", tables: ["item", "secret"],
            accepting: ["item"])
        try pair.branchDatabase.run("insert into secret values (1); insert into item values (1, 'item', 0)")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 1)
        #expect(try pair.headDatabase.run("select count(*) from item") == "1")
    }

    @Test(arguments: Pairing.all) func verificationNamesEveryKindOfDifference(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        for id in 1...100 { try pair.branchDatabase.run("insert into item values (\(id), 'item', 0)") }
        try await pair.sync()
        #expect(try await pair.verify().agrees)
        try pair.headDatabase.run(
            """
            delete from item where id = 5; update item set n = 9 where id = 6;
            insert into item (branch_id, id, name, n) values ('east', 500, 'ghost', 0), ('west', 5, 'not of east', 0)
            """)
        let result = try await pair.verify()
        #expect(
            Set(result.tables[0].differingKeys) == [
                KeyDifference(key: RowKey(["5"]), kind: .onlyAtSender),
                KeyDifference(key: RowKey(["6"]), kind: .different),
                KeyDifference(key: RowKey(["500"]), kind: .onlyAtReceiver),
            ])
        #expect(try await pair.head.verificationResults(result.id) == [result])
    }

    /// Whoever looks only after the second round.
    @Test(arguments: Pairing.all) func aVerificationSpeaksOfAllTablesToItsEnd(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "\(Self.items); create table other (id integer primary key)", tables: ["item", "other"])
        try pair.branchDatabase.run("insert into item values (1, 'item', 0); insert into other values (7)")
        try await pair.sync()
        try pair.headDatabase.run("delete from item")
        let result = try await pair.verify()
        #expect(result.round == 2)
        #expect(result.tables.map(\.name) == [TableName("item"), TableName("other")])
        #expect(result.tables.map(\.agrees) == [false, true])
        #expect(try await pair.head.verificationResults(result.id) == [result])
    }

    @Test(arguments: Pairing.all) func rowsOfATableThatIsNotSyncedNameThoseThatAre(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key); create table secret (id integer primary key)",
            tables: ["item"])
        try pair.branchDatabase.run("insert into item values (1)")
        try await pair.sync()
        for store in [pair.branch, pair.head] {
            for table in ["secret", "nosuchtable"] {
                let error = await #expect(throws: StoreError.self) {
                    _ = try await store.rows(of: TableName(table), matching: RowFilter())
                }
                #expect(error?.description.contains("\"\(table)\"") == true)
                #expect(error?.hint == "the synced tables: \"item\"")
            }
            #expect(try await store.rows(of: TableName("item"), matching: RowFilter()).rows.count == 1)
        }
    }
}
