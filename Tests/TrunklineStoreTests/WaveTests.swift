import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Waves belong to the database; the head's streams read them each at its own pace.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct WaveTests {
    private static let other = StreamID(from: .head, to: OfficeID("other")!)

    /// A head that writes `item`, with a stream of its own to the branch `east`.
    private struct Head {
        let pair: DownPair
        let stream = DownPair.stream(DownPair.east)
        var branch: any OfficeStore { pair.head }
        var branchDatabase: TestOffice { pair.headDatabase }

        init(_ columns: String) async throws {
            pair = try await DownPair(
                Pairing(branch: .postgres, head: .postgres), head: "create table item (\(columns))",
                [TableRule(TableName("item"), direction: .down)])
        }

        func read(_ claimed: ClaimedBatch) async throws -> [TableContent] {
            let limits = ReadLimits(batchBytes: .max, rowBytes: 16 << 20)
            guard case .content(let tables) = try await branch.readBatch(claimed, limits: limits) else {
                throw TestFailure("too large")
            }
            return tables
        }

        func sync() async throws { try await pair.sync() }
    }

    private func pair() async throws -> Head { try await Head("id int primary key, name text") }

    /// Another stream of the same log, which begins behind a wave.
    private func addOther(_ pair: Head, behind wave: Int) throws {
        try pair.branchDatabase.run(
            """
            insert into trunkline.outbound (stream, after_wave, last_wave) values ('\(Self.other)', \(wave), \(wave));
            insert into trunkline.outbound_ack (stream) values ('\(Self.other)')
            """)
    }

    /// The keys of the next batch of a stream, in no order; nil: there is none.
    private func next(_ pair: Head, _ stream: StreamID, changes: Int) async throws -> [String]? {
        guard let claimed = try await pair.branch.claimBatch(of: stream, window: 64, changes: changes) else {
            return nil
        }
        let keys = try await pair.read(claimed).flatMap { $0.keys() }
        #expect(keys.count == claimed.changes)
        return keys.flatMap { $0.values.compactMap { $0 } }.sorted()
    }

    private func waves(_ pair: Head) throws -> String {
        try pair.branchDatabase.run("select string_agg(number::text, ' ' order by number) from trunkline.wave")
    }

    @Test func aStreamThatIsBehindReadsManyWavesAsOne() async throws {
        let pair = try await pair()
        func insert(_ ids: Int...) throws {
            for id in ids { try pair.branchDatabase.run("insert into item values (\(id), 'item')") }
        }
        // Open while the first two waves are opened: late to the third, and no wave that the other stream has read saw it.
        let slow = try OpenTransaction(pair.branchDatabase.url, "insert into item values (1, 'slow'), (2, 'slow')")
        try insert(10)
        #expect(try await next(pair, pair.stream, changes: 100) == ["10"])
        try addOther(pair, behind: 1)
        try insert(20, 21)
        #expect(try await next(pair, pair.stream, changes: 100) == ["20", "21"])
        try slow.commit()
        try insert(30)
        #expect(try await next(pair, pair.stream, changes: 100) == ["1", "2", "30"])
        #expect(try waves(pair) == "0 1 2 3")

        #expect(try pair.branchDatabase.run("select stream from trunkline.news") == "\(Self.other)")
        // In the order of transactions, across the waves; the cut is in the middle of one.
        #expect(try await next(pair, Self.other, changes: 1) == ["1"])
        // The first stream goes on meanwhile.
        try insert(40)
        #expect(try await next(pair, pair.stream, changes: 100) == ["40"])
        #expect(try await next(pair, Self.other, changes: 2) == ["2", "20"])
        #expect(try await next(pair, Self.other, changes: 100) == ["21", "30"])
        #expect(try await next(pair, Self.other, changes: 100) == ["40"])
        #expect(try await next(pair, Self.other, changes: 100) == nil)
        #expect(try waves(pair) == "0 1 2 3 4")
        // Now the other one opens, and the first takes what it opened.
        try insert(50, 51)
        #expect(try await next(pair, Self.other, changes: 100) == ["50", "51"])
        #expect(try await next(pair, pair.stream, changes: 1) == ["50"])
        #expect(try await next(pair, pair.stream, changes: 1) == ["51"])
        #expect(try await next(pair, pair.stream, changes: 1) == nil)
        #expect(try waves(pair) == "0 1 2 3 4 5")
        #expect(try pair.branchDatabase.run("select * from trunkline.unbatched") == "")
    }

    /// Of a key that was inserted in one wave and again in a later one, between which it was deleted in a transaction that
    /// stands behind both, one row travels.
    @Test func aKeyOfSeveralWavesIsReadOnce() async throws {
        let pair = try await Head("id int, part int, primary key (id, part)")
        try addOther(pair, behind: 0)
        try pair.branchDatabase.run("insert into item values (1, 1)")
        #expect(try await next(pair, pair.stream, changes: 100) == ["1", "1"])
        let again = try OpenTransaction(pair.branchDatabase.url, "insert into item values (2, 2)")
        try pair.branchDatabase.run("delete from item")
        try again.commit(after: "insert into item values (1, 1)")
        _ = try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 100)
        let claimed = try #require(try await pair.branch.claimBatch(of: Self.other, window: 64, changes: 3))
        #expect(claimed.changes == 3)
        let keys = try await pair.read(claimed).flatMap { $0.keys() }
        #expect(keys.map(\.description).sorted() == [#"["1","1"]"#, #"["2","2"]"#])
    }

    @Test func whoOpensAWaveAtTheSameTimeTakesTheSameOne() async throws {
        let pair = try await pair()
        try addOther(pair, behind: 0)
        try pair.branchDatabase.run("insert into item select n, 'item' from generate_series(1, 9) n")
        let database = pair.branchDatabase
        let first = try OpenTransaction(database.url, "select trunkline.form_batch('\(pair.stream)', 5)")
        async let second = onThread { try database.run("select trunkline.form_batch('\(Self.other)', 4)") }
        try await eventually("the second one waits") {
            try database.run(
                """
                select count(*) from pg_locks l join pg_database d on d.oid = l.database
                where d.datname = current_database() and l.locktype = 'relation' and not l.granted
                """) == "1"
        }
        // No till waits for that.
        try pair.branchDatabase.run("insert into item values (10, 'sold meanwhile')")
        try first.commit()
        #expect(try await second == "1")
        #expect(try waves(pair) == "0 1")
        let batches = "select stream, after_wave, last_wave, changes from trunkline.batch order by stream, number"
        #expect(try pair.branchDatabase.run(batches) == "\(pair.stream)|0|1|5\n\(Self.other)|0|1|4")
        // Each of them has the rest, and then the wave that one of them opens.
        for stream in [pair.stream, Self.other] {
            while try await pair.branch.claimBatch(of: stream, window: 64, changes: 100) != nil {}
            #expect(
                try pair.branchDatabase.run(
                    "select sum(changes), max(last_wave) from trunkline.batch where stream = '\(stream)'") == "10|2")
        }
    }

    @Test func aWaveIsCompactedBeforeAnyStreamReadsIt() async throws {
        let pair = try await pair()
        try addOther(pair, behind: 0)
        try pair.branchDatabase.run("insert into item select n, 'item' from generate_series(1, 4) n")
        for n in 1...3 { try pair.branchDatabase.run("update item set name = '\(n)'") }
        for stream in [pair.stream, Self.other] {
            #expect(try await next(pair, stream, changes: 4) == ["1", "2", "3", "4"])
            #expect(try await next(pair, stream, changes: 4) == nil)
        }
        #expect(try pair.branchDatabase.run("select count(*) from trunkline.change") == "4")
    }

    @Test func wavesThatNobodyRefersToAreDeleted() async throws {
        let pair = try await pair()
        for id in 1...5 {
            try pair.branchDatabase.run("insert into item values (\(id), 'item')")
            try await pair.sync()
            if id == 2 { try addOther(pair, behind: 2) }
        }
        #expect(try waves(pair) == "0 1 2 3 4 5")
        // Somebody is about to refer to the newest wave: another time.
        let claim = try OpenTransaction(
            pair.branchDatabase.url, "select trunkline.form_batch('\(Self.other)', 1)")
        #expect(try await pair.branch.prune(pair.stream) == 5)
        #expect(try waves(pair) == "0 1 2 3 4 5")
        try claim.rollBack()
        try pair.branchDatabase.run("insert into item values (6, 'item')")
        try await pair.sync()
        #expect(try await pair.branch.prune(pair.stream) == 1)
        // 2 is where the other stream stands, 5 and 6 where the first does.
        #expect(try waves(pair) == "0 2 5 6")
        // A stream that is behind by waves that are gone goes on.
        try pair.branchDatabase.run("insert into item values (7, 'item')")
        #expect(try await next(pair, Self.other, changes: 100) == ["3", "4", "5", "6"])
        #expect(try await next(pair, Self.other, changes: 100) == ["7"])
    }
}
