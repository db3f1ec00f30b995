import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What both ends know of a recovery while it goes on.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct RecoveryStateTests {
    private static let items = """
        create table item (id integer primary key, name text);
        insert into item values (1, 'one'), (2, 'two');
        """
    private static let atHead = "select id, name from item where branch_id = 'east' order by id"
    private static let atBranch = "select id, name from item order by id"

    private func restoredBranch(_ pairing: Pairing) async throws -> Pair {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try await pair.sync()
        try pair.branchDatabase.backUp()
        for id in 3...4 {
            try pair.branchDatabase.run("insert into item values (\(id), 'new')")
            try await pair.sync()
        }
        await pair.branch.close()
        try pair.branchDatabase.restore()
        try pair.branchDatabase.run("insert into item values (3, 'another')")
        try await pair.stopByAck()
        return pair
    }

    /// The receiver's people see that somebody has to decide, also after the two sides were compared.
    @Test(arguments: Pairing.all) func theReceiverShowsThatADecisionIsWaitedFor(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        #expect(try await pair.head.status()[0].recovery == nil)
        try await pair.branch.beginRecovery(of: pair.stream, .compare)
        try await pair.sync()
        let compared = try await pair.head.status()[0]
        #expect(compared.stopped == nil && compared.recovery == .compare)
        #expect(compared.standstill?.contains("waits for a decision") == true)
        try await pair.branch.beginRecovery(of: pair.stream, .keepBranch)
        try await pair.sync()
        #expect(try await pair.head.status()[0].standstill == nil)
        try await pair.finishRecovery()
        try pair.branchDatabase.run("insert into item values (5, 'five')")
        try await pair.sync()
        #expect(try await pair.head.status()[0].recovery == nil)
    }

    /// Whoever asked before a restore was noticed has the answer of the time after it.
    @Test(arguments: Pairing.all) func aQuestionIsAnsweredAfterARestore(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try await pair.sync()
        try pair.headDatabase.backUp()
        try pair.branchDatabase.run("insert into item values (3, 'three')")
        try await pair.sync()
        await pair.head.close()
        try pair.headDatabase.restore()
        let id = UUID()
        try await pair.branch.requestVerification(VerificationRequest(id: id, stream: pair.stream))
        _ = try await pair.branch.formVerification(of: pair.stream)
        let claim = try #require(try await pair.nextBatch())
        guard case .behind = try await pair.head.receive(claim, parking: false) else {
            Issue.record("the head did not notice")
            return
        }
        try await pair.deliverAcks()
        try await pair.finishRecovery()
        for _ in 0..<5 { try await pair.sync() }
        #expect(try await pair.branch.verificationResults(id).first?.agrees == true)
        // Once is enough.
        #expect(try await !pair.branch.isVerificationDue(of: pair.stream))
    }

    /// What waits for a decision is not decided by another restore, at the other end.
    @Test(arguments: Pairing.all) func aReceiverThatIsBehindDecidesNothing(pairing: Pairing) async throws {
        let pair = try await restoredBranch(pairing)
        try await pair.branch.beginRecovery(of: pair.stream, .compare)
        try await pair.sync()
        let before = try pair.headDatabase.run(Self.atHead)
        let status = try await pair.branch.status()[0]
        var ack = try #require(try await pair.currentAck())
        ack.watermark = 0
        ack.behind = Ack.Behind(epoch: try #require(status.epoch), number: status.watermark)
        #expect(try await pair.branch.recordAck(ack) == .resending)
        try await pair.sync()
        #expect(try await pair.branch.recovery(of: pair.stream)?.mode == .compare)
        #expect(try pair.headDatabase.run(Self.atHead) == before)
    }

    /// Questions that nobody answers do not pile up; the last ones are asked.
    @Test(arguments: Pairing.all) func questionsThatWaitHaveALimit(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try await pair.sync()
        var ids: [UUID] = []
        for _ in 0..<40 {
            ids.append(UUID())
            try await pair.branch.requestVerification(VerificationRequest(id: ids.last!, stream: pair.stream))
            try await Task.sleep(for: .milliseconds(2))
        }
        // One that waits already takes nobody's place, not its own either.
        let oldest = ids[40 - VerificationLimit.waiting]
        try await pair.branch.requestVerification(VerificationRequest(id: oldest, stream: pair.stream))
        for _ in 0..<60 { try await pair.sync() }
        var answered: [Bool] = []
        for id in ids { answered.append(try await !pair.branch.verificationResults(id).isEmpty) }
        #expect(answered.count { $0 } == VerificationLimit.waiting)
        #expect(answered.last == true)
    }

    /// Who says again and again that it lost everything does not make its sender compare all of it again and again.
    @Test(arguments: Pairing.all) func aReceiverThatIsBehindAgainWaits(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: Self.items, tables: ["item"])
        try await pair.sync()
        func sayBehind() async throws -> AckOutcome {
            let status = try await pair.branch.status()[0]
            var ack = try #require(try await pair.currentAck())
            ack.watermark = 0
            ack.behind = Ack.Behind(epoch: try #require(status.epoch), number: status.watermark)
            return try await pair.branch.recordAck(ack)
        }
        #expect(try await sayBehind() == .resending)
        let epoch = try await pair.branch.status()[0].epoch
        try await pair.sync()
        guard case .ignored = try await sayBehind() else {
            Issue.record("another recovery began")
            return
        }
        #expect(try await pair.branch.status()[0].epoch == epoch)
        // When the time is over it is believed.
        let isPostgres = pairing.branch == .postgres
        try pair.branchDatabase.run(
            isPostgres
                ? "update trunkline.outbound set resent_at = now() - interval '31 seconds'"
                : "update trunkline_outbound set resent_at = julianday('now') - 31 / 86400.0")
        #expect(try await sayBehind() == .resending)
    }
}
