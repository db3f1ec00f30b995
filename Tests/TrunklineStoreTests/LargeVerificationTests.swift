import Foundation
import Testing
import TrunklineCore
import TrunklinePostgres
import TrunklineTesting

/// However many rows differ, a verification and a recovery can be delivered (design: a batch always fits).
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct LargeVerificationTests {
    /// Every bucket differs: the claim names what has room, the result says that there is more, and a recovery ends.
    @Test(arguments: [Pairing(branch: .postgres, head: .postgres), Pairing(branch: .sqlite, head: .sqlite)])
    func ofRowsThatDifferEverywhere(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key, n integer)", tables: ["item"])
        try pair.branchDatabase.run(
            "insert into item with recursive c (x) as (select 1 union all select x + 1 from c where x < 60000) select x, 0 from c"
        )
        try await pair.sync()
        try pair.headDatabase.run("update item set n = 1 where id % 20 = 0")
        let id = UUID()
        try await pair.branch.requestVerification(VerificationRequest(id: id, stream: pair.stream))
        var largest = 0
        for _ in 0..<2 {
            _ = try await pair.branch.formVerification(of: pair.stream)
            while let batch = try await pair.nextBatch() {
                largest = max(largest, batch.header.verification?.tables.first?.entries?.count ?? 0)
                _ = try await pair.head.receive(batch, parking: false)
                try await pair.deliverAcks()
            }
        }
        #expect(largest > 5_000 && largest <= VerificationLimit.entries + 1_000)
        let result = try #require(try await pair.branch.verificationResults(id).first)
        #expect(result.round == 2 && result.tables[0].isTruncated && !result.tables[0].differingKeys.isEmpty)
        #expect(result.tables[0].differingKeys.allSatisfy { $0.kind == .different })
    }

    /// It is the table's matter alone: the stream goes on.
    @Test func aTableThatTheHeadMayNotReadIsNotCompared() async throws {
        let pair = try await Pair(
            branch: """
                create schema hidden; create table item (id int primary key); create table audit (id int primary key);
                create table hidden.item (id int primary key); create table note (id int primary key)
                """,
            tables: ["item", "audit", "hidden.item", "note"],
            head: """
                create schema hidden; create table audit (branch_id text, id int, primary key (branch_id, id));
                create table hidden.item (branch_id text, id int, primary key (branch_id, id));
                create table note (branch_id text, id int, of_the_head text, primary key (branch_id, id))
                """)
        let role = "trunkline_reader_\(UUID().uuidString.prefix(8).lowercased())"
        try pair.headDatabase.run(
            """
            create role \(role) login; grant usage, create on schema public to \(role);
            grant all on schema trunkline to \(role); grant all on all tables in schema trunkline to \(role);
            grant all on all sequences in schema trunkline to \(role);
            grant insert, update, delete, select (branch_id, id) on note to \(role)
            """)
        defer { _ = try? pair.headDatabase.run("drop owned by \(role); drop role \(role)") }
        let head = try Pair.postgres(pair.headDatabase.url, as: role)
        try pair.branchDatabase.run(
            "insert into item values (1); insert into audit values (1); insert into hidden.item values (1); insert into note values (1)"
        )
        try await pair.branch.requestVerification(VerificationRequest(id: UUID(), stream: pair.stream))
        _ = try await pair.branch.formVerification(of: pair.stream)
        var answers: [TableResult] = []
        while let batch = try await pair.nextBatch() {
            guard case .stored = try await head.receive(batch, parking: false) else {
                throw TestFailure("not stored")
            }
            for ack in try await head.pendingAcks(limit: 100) { answers = ack.ack.verification?.tables ?? answers }
            try await pair.deliverAcks()
        }
        #expect(try pair.headDatabase.run("select id from item") == "1")
        #expect(answers.first { $0.name == TableName("item") }?.agrees == true)
        #expect(answers.first { $0.name == TableName("audit") }?.problem?.contains("permission denied") == true)
        #expect(answers.first { $0.name.schema == "hidden" }?.problem?.contains("may not use the schema") == true)
        #expect(answers.first { $0.name == TableName("note") }?.agrees == true)
        // Nor does it stop the rows that are tried again.
        let tried = try await head.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(tried.tried == 2 && tried.stored == 0)
        await head.close()
    }

    /// What a branch does not speak of is not called compared.
    @Test(arguments: [Pairing(branch: .postgres, head: .postgres), Pairing(branch: .sqlite, head: .sqlite)])
    func theHeadKnowsWhatABranchDoesNotSync(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key); create table past (id integer primary key)",
            tables: ["item", "past"])
        try pair.branchDatabase.run("insert into item values (1)")
        try pair.branchDatabase.run("insert into past values (1)")
        try await pair.sync()
        try await pair.initialiseBranch(["item"])
        let east = pair.stream.source
        #expect(try await pair.head.tablesHoldingRows(of: east, besides: [TableName("item")]) == [TableName("past")])
        #expect(try await pair.head.tablesHoldingRows(of: OfficeID("west")!, besides: []) == [])
    }

    /// A head that lost most rows gets them again by itself, in batches that it can take.
    @Test(arguments: [Pairing(branch: .postgres, head: .postgres), Pairing(branch: .sqlite, head: .sqlite)])
    func aRestoredHeadThatLostMostRows(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key, n integer)", tables: ["item"])
        func insert(_ first: Int, _ last: Int) throws {
            try pair.branchDatabase.run(
                """
                insert into item with recursive c (x) as (select \(first) union all select x + 1 from c where x < \(last))
                select x, 0 from c
                """)
        }
        try insert(1, 2_000)
        try await pair.sync()
        try pair.headDatabase.backUp()
        try insert(2_001, 60_000)
        try await pair.sync()
        while try await pair.branch.prune(pair.stream) > 0 {}
        await pair.head.close()
        try pair.headDatabase.restore()
        try insert(60_001, 60_001)
        let batch = try #require(try await pair.nextBatch())
        guard case .behind = try await pair.head.receive(batch, parking: false) else {
            Issue.record("the head did not notice")
            return
        }
        try await pair.deliverAcks()
        try await pair.finishRecovery()
        #expect(try pair.headDatabase.run("select count(*) from item") == "60001")
        #expect(try await pair.verify().agrees)
    }

    @Test func countsOfBucketsFitTogether() {
        let counts = RowDigester.bucketCounts(forRows: Array(repeating: 10_000_000, count: 100) + [10])
        #expect(counts.reduce(0, +) <= VerificationLimit.buckets && counts.last == 16)
    }
}
