import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Promise 9, where the head's rows stay as they are: they come back to the branch, on every pairing of databases.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct ReturnsTests {
    private static let item = "create table item (id integer primary key, name text, n integer)"
    /// What the branch did since, so that the restore is noticed.
    private static let own = "insert into item values (900000, 'own', 0)"
    private static let items = "select id, name, n from item order by id"

    /// A branch that lost what it did after its backup.
    /// - Parameters:
    ///   - lost: what it did, and sent.
    ///   - since: what it did after it was restored.
    private func restoredBranch(
        _ pairing: Pairing, _ schema: String = item, tables: [String] = ["item"], before: String = "", lost: String,
        since: String
    ) async throws -> Pair {
        let pair = try await Pair(pairing, branch: schema, tables: tables)
        if !before.isEmpty { try pair.branchDatabase.run(before) }
        try await pair.sync()
        try pair.branchDatabase.backUp()
        // Two batches, so that an ack names one that the branch never formed.
        for statement in lost.split(separator: ";") {
            try pair.branchDatabase.run(String(statement))
            try await pair.sync()
        }
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run(since)
        try await pair.stopByAck()
        return pair
    }

    /// Forms the next claim of the recovery and hands it to the head.
    /// - Returns: the head's ack, which the branch has not taken yet.
    private func ask(_ pair: Pair) async throws -> Ack {
        _ = try await pair.branch.formVerification(of: pair.stream)
        while let batch = try await pair.nextBatch() { _ = try await pair.head.receive(batch, parking: false) }
        let pending = try #require(try await pair.head.pendingAcks(limit: 1).first)
        try await pair.head.removePendingAck(pending)
        return pending.ack
    }

    /// Goes on until the head answers with rows.
    private func firstPage(_ pair: Pair) async throws -> Ack {
        for _ in 0..<10 {
            let ack = try await ask(pair)
            if ack.verification?.returned?.tables.isEmpty == false { return ack }
            _ = try await pair.branch.recordAck(ack)
        }
        throw TestFailure("no rows come back")
    }

    private func bothSidesAgree(_ pair: Pair) async throws -> Bool {
        let rows = try pair.branchDatabase.run(Self.items)
        let result = try await pair.verify()
        let atHead = try pair.headDatabase.run(Self.items)
        return result.agrees && result.tables.allSatisfy { $0.keptAtReceiver == nil } && atHead == rows
    }

    @Test(arguments: Pairing.all) func whatARestoreLostComesBack(pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing, before: "insert into item values (1, 'one', 1), (2, 'two', 2)",
            lost: "insert into item values (3, 'three', 3); update item set n = 20 where id = 2",
            since: "insert into item values (4, 'four', 4)")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run(Self.items) == "1|one|1\n2|two|20\n3|three|3\n4|four|4")
        #expect(try await bothSidesAgree(pair))
        // What came is not in the log, and a later change of it travels.
        #expect(try await pair.sync() == 0)
        try pair.branchDatabase.run("update item set n = 30 where id = 3")
        #expect(try await pair.sync() == 1)
        #expect(try pair.headDatabase.run("select n from item where id = 3") == "30")
        #expect(try await pair.branch.status()[0].setAside == 0)
        let report = try #require(try await pair.branch.status()[0].lastRecovery)
        #expect(report.tables == [.init(name: TableName("item"), putAside: 1, newKeys: 0, returned: 2)])
    }

    @Test(arguments: Pairing.all) func parentsComeBackBeforeTheirChildren(pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing,
            """
            create table a_line (id integer primary key, sale integer not null references sale (id), above integer references a_line (id))
            """.replacing("create", with: "create table sale (id integer primary key, till text); create"),
            tables: ["sale", "a_line"],
            lost: """
                insert into sale values (1, 'x'), (2, 'y'); insert into a_line values (9, 2, null);
                insert into a_line values (1, 1, 9), (2, 2, 1)
                """, since: "insert into sale values (2, 'z')")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run("select id, till from sale order by id") == "1|x\n2|y")
        #expect(try pair.branchDatabase.run("select id, sale from a_line order by id") == "1|1\n2|2\n9|2")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func moreThanAPageComesInPages(pairing: Pairing) async throws {
        let count = 2 * ReturnLimit.rows + 500
        let numbers = "with recursive k (i) as (select 1 union all select i + 1 from k where i < \(count))"
        let pair = try await restoredBranch(
            pairing,
            lost: "insert into item \(numbers) select i, 'row ' || i, i from k; insert into item values (0, 'last', 0)",
            since: "insert into item values (5, 'other', 5)")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        let ack = try await firstPage(pair)
        #expect(ack.verification?.returned?.tables.first?.serials.count == ReturnLimit.rows)
        _ = try await pair.branch.recordAck(ack)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run("select count(*) from item") == "\(count + 1)")
        #expect(try await bothSidesAgree(pair))
    }

    /// What refers to a row of a later page is not stored at once.
    @Test(arguments: Pairing.all) func whatRefersToALaterPageComesInAnotherWalk(pairing: Pairing) async throws {
        let count = ReturnLimit.rows + 10
        let numbers = "with recursive k (i) as (select 1 union all select i + 1 from k where i < \(count))"
        let pair = try await restoredBranch(
            pairing, "create table item (id integer primary key, name text, n integer references item (id))",
            lost: """
                insert into item \(numbers) select i, 'row', i from k;
                update item set n = 999 where n < 5; insert into item values (0, 'last', 0)
                """, since: Self.own.replacing(", 0", with: ", 900000"))
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try await bothSidesAgree(pair))
        let table = try #require(try await pair.branch.status()[0].lastRecovery?.tables.first)
        #expect(table.returned == count + 1 && table.notReturned == nil)
    }

    /// Bytes end a page too, and one that is larger alone goes alone.
    @Test(arguments: Pairing.all) func largeRowsComeOneByOne(pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing, lost: "insert into item values (1, 'x', 1); select 1", since: Self.own)
        let sizes = [3 << 20, 3 << 20, 5 << 20, 9 << 20]
        for (index, size) in sizes.enumerated() {
            let name =
                pairing.head == .postgres ? "repeat('x', \(size))" : "replace(hex(zeroblob(\(size / 2))), '0', 'x')"
            try pair.headDatabase.run(
                "insert into item (branch_id, id, name, n) values ('east', \(index + 2), \(name), 0)")
        }
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        var pages: [[Int]] = []
        var ack = try await firstPage(pair)
        while let page = ack.verification?.returned, let table = page.tables.first {
            pages.append([table.serials.count, table.withheld ?? 0])
            _ = try await pair.branch.recordAck(ack)
            ack = try await ask(pair)
        }
        #expect(pages == [[2, 0], [1, 0], [1, 0], [0, 1]])
        _ = try await pair.branch.recordAck(ack)
        try await pair.finishRecovery()
        #expect(
            try pair.branchDatabase.run("select id, length(name) from item order by id")
                == "1|1\n2|3145728\n3|3145728\n4|5242880\n900000|3")
        let table = try #require(try await pair.branch.status()[0].lastRecovery?.tables.first)
        #expect(table.returned == 4 && table.notReturned == 1)
        #expect(table.notReturnedReason?.contains("the limit is 8388608") == true)
        #expect(try pair.headDatabase.run("select count(*) from item") == "6")
    }

    @Test(arguments: Pairing.all) func aRowThatTheBranchDoesNotTakeIsNamedAndStaysAtTheHead(pairing: Pairing)
        async throws
    {
        let pair = try await restoredBranch(
            pairing, "create table item (id integer primary key, name text unique, n integer);",
            lost: "insert into item values (1, 'one', 1), (2, 'taken', 2); insert into item values (3, 'three', 3)",
            since: "insert into item values (7, 'taken', 7)")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run(Self.items) == "1|one|1\n3|three|3\n7|taken|7")
        #expect(try pair.headDatabase.run(Self.items) == "1|one|1\n2|taken|2\n3|three|3\n7|taken|7")
        let table = try #require(try await pair.branch.status()[0].lastRecovery?.tables.first)
        #expect(table.returned == 2 && table.notReturned == 1)
        #expect(table.notReturnedReason?.lowercased().contains("unique") == true)
        let result = try await pair.verify()
        #expect(result.agrees && result.tables[0].keptAtReceiver == 1)
        // A key that the head keeps is protected.
        try pair.branchDatabase.run("insert into item values (2, 'other', 20)")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 1)
        #expect(try await pair.head.retrySetAside(SetAsideSelection(), limit: 100).stored == 0)
        #expect(try pair.headDatabase.run("select name from item where id = 2") == "taken")
        // What stood in the way is gone, and so is the row that was set aside: it made way in another recovery.
        let stop = pairing.branch == .postgres ? "trunkline.outbound_ack" : "trunkline_outbound"
        try pair.branchDatabase.run("update item set name = 'free' where id = 7")
        try await pair.sync()
        try pair.branchDatabase.run("update \(stop) set stopped = 'a test'")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run(Self.items) == "1|one|1\n2|taken|2\n3|three|3\n7|free|7")
        #expect(try pair.branchDatabase.run("select row from \(pair.superseded(pairing.branch))").contains("other"))
        #expect(try await pair.head.status()[0].setAside == 0)
        #expect(try await bothSidesAgree(pair))
    }

    /// Before a row came back its key may be used again, and afterwards it may be changed.
    /// Who then decides for the branch gets what the branch has, also where the head kept rows before.
    @Test(arguments: Pairing.all) func whatWasKeptGivesWayToALaterDecision(pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing, "create table item (id integer primary key, name text unique, n integer);",
            lost: "insert into item values (1, 'one', 1), (2, 'taken', 2)",
            since: "insert into item values (7, 'taken', 7)")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        try pair.branchDatabase.run("insert into item values (2, 'other', 20)")
        try await pair.sync()
        #expect(try await pair.branch.status()[0].setAside == 1)
        let stop = pairing.branch == .postgres ? "trunkline.outbound_ack" : "trunkline_outbound"
        try pair.branchDatabase.run("update \(stop) set stopped = 'a test'")
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select name from item where id = 2") == "other")
        #expect(try pair.headDatabase.run("select row from \(pair.superseded(pairing.head))").contains("taken"))
        #expect(try await bothSidesAgree(pair))
    }

    @Test(arguments: Pairing.all) func whatTheTillWritesMeanwhileIsNotLost(pairing: Pairing) async throws {
        let count = ReturnLimit.rows + 10
        let numbers = "with recursive k (i) as (select 1 union all select i + 1 from k where i < \(count))"
        let pair = try await restoredBranch(
            pairing,
            lost: "insert into item \(numbers) select i, 'row', i from k; insert into item values (0, 'last', 0)",
            since: Self.own)
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        let first = try await firstPage(pair)
        let page = try #require(first.verification?.returned?.tables.first)
        let ids = String(decoding: page.lines, as: UTF8.self).split(separator: "\n").compactMap {
            $0.split(separator: "\t").first.flatMap { Int($0) }
        }
        let missing = try #require((0...count).first { !ids.contains($0) })
        _ = try await pair.branch.recordAck(first)
        try pair.branchDatabase.run(
            """
            update item set n = -1 where id = \(ids[0]); delete from item where id = \(ids[1]);
            insert into item values (\(missing), 'till', -2)
            """)
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select n from item where id = \(ids[0])") == "-1")
        #expect(try pair.headDatabase.run("select count(*) from item where id = \(ids[1])") == "0")
        #expect(try pair.headDatabase.run("select name from item where id = \(missing)") != "till")
        #expect(try pair.branchDatabase.run("select row from \(pair.superseded(pairing.branch))").contains("till"))
        #expect(try await bothSidesAgree(pair))
    }

    /// What refers to a row that makes way goes along, and both sides are compared once more; a row that is refused in
    /// both walks is one row.
    @Test(arguments: Pairing.all) func aKeyThatIsUsedAgainMakesWayWithAllThatRefersToIt(pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing,
            """
            create table sale (id integer primary key, till text unique);
            create table line (id integer primary key, sale integer not null references sale (id))
            """, tables: ["sale", "line"],
            lost: "insert into sale values (1, 'a'), (2, 'taken'); insert into sale values (3, 'c')",
            since: "insert into sale values (9, 'taken')")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        let page = try await firstPage(pair)
        try pair.branchDatabase.run("insert into sale values (1, 'till'); insert into line values (7, 1)")
        _ = try await pair.branch.recordAck(page)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run("select id, till from sale order by id") == "1|a\n3|c\n9|taken")
        #expect(try pair.branchDatabase.run("select count(*) from line") == "0")
        #expect(
            try pair.branchDatabase.run("select count(*) from \(pair.superseded(pairing.branch))") == "2")
        let report = try #require(try await pair.branch.status()[0].lastRecovery)
        let sale = try #require(report.tables.first { $0.name == TableName("sale") })
        #expect(sale.putAside == 1 && sale.returned == 2 && sale.notReturned == 1)
        #expect(try await pair.verify().agrees)
    }

    /// The same page twice, an old one late, and an answer that is lost.
    @Test(arguments: Pairing.all) func pagesMayComeTwiceLateOrNotAtAll(pairing: Pairing) async throws {
        let count = 2 * ReturnLimit.rows + 10
        let numbers = "with recursive k (i) as (select 1 union all select i + 1 from k where i < \(count))"
        let pair = try await restoredBranch(
            pairing,
            lost: "insert into item \(numbers) select i, 'row', i from k; insert into item values (0, 'last', 0)",
            since: Self.own)
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        let first = try await firstPage(pair)
        for _ in 1...2 { _ = try await pair.branch.recordAck(first) }
        #expect(try pair.branchDatabase.run("select count(*) from item") == "\(ReturnLimit.rows + 1)")
        try pair.branchDatabase.run("update item set n = -1 where id <> 900000")
        // The next answer is lost: the ack after it says nothing of it.
        var lost = try await ask(pair)
        lost.verification = nil
        _ = try await pair.branch.recordAck(lost)
        _ = try await pair.branch.recordAck(first)
        try await pair.finishRecovery()
        _ = try await pair.branch.recordAck(first)
        #expect(try pair.branchDatabase.run("select count(*) from item where n = -1") == "\(ReturnLimit.rows)")
        #expect(try pair.branchDatabase.run("select count(*) from item") == "\(count + 2)")
        #expect(try await bothSidesAgree(pair))
    }

    /// A receiver of version 0.1 keeps what it kept, and the recovery ends.
    @Test(arguments: Pairing.all) func aHeadThatReturnsNothingIsNoObstacle(pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing, lost: "insert into item values (1, 'one', 1); insert into item values (2, 'two', 2)",
            since: "insert into item values (3, 'three', 3)")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        for _ in 0..<20 where try await pair.branch.recovery(of: pair.stream) != nil {
            var ack = try await ask(pair)
            ack.verification?.returned = nil
            _ = try await pair.branch.recordAck(ack)
        }
        #expect(try await pair.branch.recovery(of: pair.stream) == nil)
        try await pair.sync()
        #expect(try pair.branchDatabase.run("select id from item") == "3")
        #expect(try pair.headDatabase.run("select id from item order by id") == "1\n2\n3")
        // When the head is of this version, another recovery brings them.
        let stop = pairing.branch == .postgres ? "trunkline.outbound_ack" : "trunkline_outbound"
        try pair.branchDatabase.run("update \(stop) set stopped = 'a test'")
        try pair.branchDatabase.run("insert into item values (2, 'till', 20)")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run(Self.items) == "1|one|1\n2|two|2\n3|three|3")
        #expect(try await bothSidesAgree(pair))
    }

    /// Every value as it was, and keys that a comparison writes otherwise than a table.
    @Test(arguments: Pairing.all) func valuesComeBackAsTheyWere(pairing: Pairing) async throws {
        let (bytes, tab, yes) =
            pairing.branch == .postgres ? ("'\\x00ff'", "chr(9)", "true") : ("x'00ff'", "char(9)", "1")
        // To SQLite that is no type of bytes: they travel with a mark, which PostgreSQL does not take.
        let type = pairing.branch == .sqlite && pairing.head == .postgres ? "blob" : "bytea"
        func row(_ code: String, _ text: String) -> String {
            "insert into thing values (\(code), '2026-01-02 03:04:05', \(bytes), \(yes), \(text), 1.10)"
        }
        let pair = try await restoredBranch(
            pairing,
            """
            create table thing (code numeric(8,2), at timestamp, data \(type), ok boolean, what text, price numeric(8,2),
                primary key (code, at))
            """, tables: ["thing"],
            lost: "\(row("12.50", "'a' || \(tab) || 'b\\c'")); \(row("-1", "null")); \(row("3.25", "''"))",
            since: row("7", "'own'"))
        let aside = try await pair.branch.rows(of: TableName("thing"), matching: RowFilter(states: [.setAside]))
        #expect(aside.rows.isEmpty, "\(aside)")
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        try await pair.finishRecovery()
        let rows = try pair.branchDatabase.run("select count(*), sum(price) from thing")
        #expect(rows == (pairing.branch == .postgres ? "4|4.40" : "4|4.4"))
        let result = try await pair.verify()
        #expect(result.agrees && result.tables[0].keptAtReceiver == nil, "\(result)")
        #expect(try pair.branchDatabase.run("select what from thing where code > 12 and code < 13") == "a\tb\\c")
        #expect(try await pair.branch.status()[0].setAside == 0)
    }

    /// Whoever speaks for the head writes into no table that the branch does not send.
    @Test(arguments: Pairing.all) func rowsOfOtherTablesAreNotTaken(pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing, Self.item + "; create table secret (id integer primary key, name text, n integer)",
            lost: "insert into item values (1, 'one', 1); insert into item values (2, 'two', 2)", since: Self.own)
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        var page = try await firstPage(pair)
        page.verification?.returned?.tables[0].name = TableName("secret")
        _ = try await pair.branch.recordAck(page)
        #expect(try pair.branchDatabase.run("select count(*) from secret") == "0")
        let report = try #require(try await pair.branch.status()[0].lastRecovery)
        #expect(report.tables.first { $0.name == TableName("secret") }?.notReturned == 2)
        try await pair.finishRecovery()
        #expect(try pair.branchDatabase.run("select count(*) from item") == "3")
        #expect(try await bothSidesAgree(pair))
    }

    /// It would make the head keep what the till writes meanwhile.
    @Test(arguments: Pairing.all) func nobodyElseAsksWhileRowsComeBack(pairing: Pairing) async throws {
        let pair = try await restoredBranch(
            pairing, lost: "insert into item values (1, 'one', 1); insert into item values (2, 'two', 2)",
            since: Self.own)
        try await pair.branch.beginRecovery(of: pair.stream, .keepHead)
        let page = try await firstPage(pair)
        let asked = UUID()
        try await pair.branch.requestVerification(VerificationRequest(id: asked, stream: pair.stream))
        #expect(try await !pair.branch.formVerification(of: pair.stream))
        _ = try await pair.branch.recordAck(page)
        try pair.branchDatabase.run("update item set n = 5")
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select n from item") == "5\n5\n5")
        try await pair.sync()
        #expect(try await pair.branch.verificationResults(asked).first?.agrees == true)
        #expect(try await bothSidesAgree(pair))
    }
}
