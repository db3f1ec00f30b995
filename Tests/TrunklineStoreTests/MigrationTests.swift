import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Databases that version 0.1 made and used, kept as data: with rows that are acked, in flight, pending and set aside.
///
/// Five rows were acked, of which the head had set one aside; four changes were in flight, another bad row among them, and
/// one row was pending.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct MigrationTests {
    private func pair(_ kind: DatabaseKind) throws -> Pair {
        let pair = try Pair(Pairing(branch: kind, head: kind))
        let folder = Command.root.appending(path: "Tests/TrunklineStoreTests/Version01")
        for (office, database) in [("east", pair.branchDatabase), ("head", pair.headDatabase)] {
            try database.run(
                String(contentsOf: folder.appending(path: "\(office).\(kind.rawValue).sql"), encoding: .utf8))
        }
        // The transactions of the dump are older than any of this server's.
        if kind == .postgres {
            try pair.branchDatabase.run(
                "do $$ begin for i in 1..200 loop perform pg_current_xact_id(); commit; end loop; end $$")
        }
        return pair
    }

    private func upgrade(_ pair: Pair) async throws {
        _ = try await pair.head.initialise(OfficeSetup(office: .head, role: .head, tables: []))
        try await pair.initialiseBranch(["sale"])
    }

    @Test(arguments: DatabaseKind.allCases) func whatVersion01LeftArrives(kind: DatabaseKind) async throws {
        let pair = try pair(kind)
        let refused = await #expect(throws: StoreError.self) {
            _ = try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 100)
        }
        #expect("\(refused!)".contains("run") && "\(refused!)".contains("trunkline init"))
        let unread = await #expect(throws: StoreError.self) { _ = try await pair.head.status() }
        #expect(unread?.code == .notInitialised && unread?.hint?.contains("trunkline init") == true)
        try await upgrade(pair)
        let before = try await pair.branch.status()[0]
        #expect(before.inFlightChanges == 4 && before.setAside == 1 && before.watermark == 1)
        #expect(try await pair.head.status()[0].setAside == 1)
        // What was in the broker's queues may be gone: the reaper sends it again.
        let policy = StalePolicy(timeout: .zero, ceiling: .zero)
        #expect(try await pair.branch.resetStale(of: pair.stream, policy: policy, quietFor: .seconds(1)) == 1)
        try await pair.sync()
        try await pair.sync()
        let stored = "select id, n from sale order by id"
        #expect(try pair.headDatabase.run(stored) == "1|10\n2|2\n4|4\n6|6\n8|8")
        #expect(try await pair.head.status()[0].setAside == 2)
        #expect(try await pair.branch.status()[0].setAside == 2)
        try pair.branchDatabase.run("update sale set n = -n where n < 0")
        try await pair.sync()
        #expect(try pair.headDatabase.run(stored) == pair.branchDatabase.run(stored))
        #expect(try await pair.branch.status()[0].setAside == 0)
        #expect(try await pair.verify().agrees)
        // Once more changes nothing.
        try await upgrade(pair)
        #expect(try await pair.sync() == 0)
    }

    /// A wave of which a batch is in flight and the rest is not cut yet, with a transaction that was open when the wave
    /// before was opened, and one that still was when it was opened itself.
    @Test func aWaveThatIsHalfCutGoesOnWhereItWas() async throws {
        let pair = try pair(.postgres)
        try pair.branchDatabase.run(
            """
            update trunkline.change set transaction = '740' where seq = 6;
            update trunkline.change set transaction = '765' where seq = 10;
            update trunkline.batch set upper = '740:753:740' where number = 1;
            update trunkline.batch set late = '{740}', upper = '765:771:765', to_seq = 7, changes = 2 where number = 2;
            update trunkline.outbound set late = '{740}', upper = '765:771:765', at_seq = 7;
            """)
        try await upgrade(pair)
        #expect(
            try pair.branchDatabase.run("select number, snapshot from trunkline.wave order by number")
                == "0|1:1:\n1|1:1:\n2|740:753:740\n3|740:753:740\n4|765:771:765")
        let before = try await pair.branch.status()[0]
        #expect(before.inFlightChanges == 2 && before.pending == 3)
        let policy = StalePolicy(timeout: .zero, ceiling: .zero)
        _ = try await pair.branch.resetStale(of: pair.stream, policy: policy, quietFor: .seconds(1))
        var content: [[String]] = []
        while let claimed = try await pair.branch.claimBatch(of: pair.stream, window: 64, changes: 3) {
            content.append(try await pair.read(claimed).flatMap { $0.keys() }.map(\.description))
            _ = try await pair.head.receive(try await pair.build(claimed), parking: false)
        }
        #expect(content.map { $0.sorted() } == [[#"["6"]"#, #"["7"]"#], [#"["1"]"#, #"["5"]"#], [#"["8"]"#]])
        try await pair.deliverAcks()
        #expect(try pair.headDatabase.run("select id, n from sale order by id") == "1|10\n2|2\n4|4\n6|6\n8|8")
        while try await pair.branch.prune(pair.stream) > 0 {}
        #expect(try pair.branchDatabase.run("select count(*) from trunkline.change") == "0")
        #expect(try pair.branchDatabase.run("select count(*) from trunkline.wave") == "3")
    }

    /// Its log took its numbers from `sqlite_sequence` alone, which anybody may empty.
    @Test func changesThatVersion01LostAreFoundByInit() async throws {
        let pair = try pair(.sqlite)
        try pair.branchDatabase.run(
            """
            delete from trunkline_change where seq <= 5; delete from trunkline_batch where state = 'acked';
            insert into sale values (9, 9, 'nine'); update trunkline_change set seq = 1 where key = '9'
            """)
        try await upgrade(pair)
        let policy = StalePolicy(timeout: .zero, ceiling: .zero)
        _ = try await pair.branch.resetStale(of: pair.stream, policy: policy, quietFor: .seconds(1))
        try await pair.sync()
        try await pair.sync()
        #expect(try pair.headDatabase.run("select n from sale where id = 9") == "9")
    }
}
