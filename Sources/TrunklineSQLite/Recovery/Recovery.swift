internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// Bringing a stream together again after a database was restored from a backup, at the sender.
struct Recovery {
    private let stream: StreamID
    private let db: Database

    init(_ stream: StreamID, _ db: Database) {
        self.stream = stream
        self.db = db
    }

    func pendingHalt() throws -> Halt? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT coalesce(receiver_epoch, epoch) AS epoch, stopped FROM trunkline_outbound
                WHERE stream = ? AND halt_untold
                """, arguments: [stream.description])
        guard let row, let epoch = UUID(uuidString: row["epoch"]) else { return nil }
        return Halt(stream: stream, epoch: epoch, reason: row["stopped"] ?? "")
    }

    func state() throws -> (state: RecoveryState, passes: Int)? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT recovery, recovery_id, recovery_passes, recovery_new_keys FROM trunkline_outbound
                WHERE stream = ?
                """, arguments: [stream.description])
        guard let row, let mode = (row["recovery"] as String?).flatMap(RecoveryMode.init(rawValue:)),
            let id = (row["recovery_id"] as String?).flatMap(UUID.init(uuidString:))
        else { return nil }
        return (
            RecoveryState(mode: mode, verification: id, newKeys: row["recovery_new_keys"]), row["recovery_passes"]
        )
    }

    private func report() throws -> RecoveryReport {
        try String.fetchOne(
            db, sql: "SELECT recovery_report FROM trunkline_outbound WHERE stream = ?",
            arguments: [stream.description]
        ).map { try JSONText.decode(RecoveryReport.self, $0) } ?? RecoveryReport()
    }

    private func set(_ report: RecoveryReport) throws {
        try db.execute(
            sql: "UPDATE trunkline_outbound SET recovery_report = ? WHERE stream = ?",
            arguments: [try JSONText.encode(report), stream.description])
    }

    /// Numbers begin anew, and every change that is not acked is free again. 16 epochs back are enough: each is one
    /// recovery.
    func begin(_ mode: RecoveryMode, newKeys: Bool = false) throws {
        let outbound = try Outbound.get(stream, db, operation: "recover")
        let receiver = try String.fetchOne(
            db, sql: "SELECT receiver_epoch FROM trunkline_outbound WHERE stream = ?", arguments: [stream.description]
        ).flatMap(UUID.init(uuidString:))
        let past = (outbound.pastEpochs + [outbound.epoch] + (receiver.map { [$0] } ?? [])).suffix(16)
        try db.execute(
            sql: "DELETE FROM trunkline_change WHERE seq <= (SELECT min(acked_seq) FROM trunkline_outbound)")
        try db.execute(sql: "DELETE FROM trunkline_batch WHERE stream = ?", arguments: [stream.description])
        try db.execute(
            sql: "DELETE FROM trunkline_verification_request WHERE stream = ?", arguments: [stream.description])
        try db.execute(
            sql: """
                UPDATE trunkline_outbound SET epoch = ?, past_epochs = ?, receiver_epoch = NULL, next_number = 1,
                    last_id = NULL, cursor = acked_seq, acked_watermark = 0, set_aside_version = -1, stopped = NULL,
                    halt_untold = 0, recovery_new_keys = ?, recovery_report = NULL
                WHERE stream = ?
                """, arguments: [UUID().uuidString, try JSONText.encode(Array(past)), newKeys, stream.description])
        try set(mode, passes: 0)
    }

    /// The last round of a verification came: if the recovery waited for it, it goes on.
    func proceed(after result: VerificationResult) throws {
        guard let (state, passes) = try state(), state.verification == result.id else {
            return try noteAgreement(result)
        }
        let differing = result.tables.filter { !$0.agrees }
        switch RecoveryDecision.decide(state.mode, passes: passes, result: result) {
        case .wait: break
        case .finish: try set(nil, passes: 0)
        case .giveUp:
            try set(nil, passes: 0)
            try set(RecoveryReport(tables: report().tables, differing: differing.map(\.name)))
        case .mark(let next, let passes):
            for table in differing { try markDifferent(table) }
            try set(next, passes: passes)
        case .yield(let next):
            let plan = try Yielding(stream, newKeys: state.newKeys, db).run(differing)
            try set(report().adding(plan.tables))
            try set(plan.hasMoreThanNamed ? .keepHead : next, passes: 0)
        }
    }

    /// What a recovery gave up on is mended when a later verification agrees.
    private func noteAgreement(_ result: VerificationResult) throws {
        var report = try report()
        guard result.agrees, !report.differing.isEmpty else { return }
        report.differing = []
        try set(report)
    }

    private func set(_ mode: RecoveryMode?, passes: Int) throws {
        let wish = VerificationRequest(id: UUID(), stream: stream)
        try db.execute(
            sql: "UPDATE trunkline_outbound SET recovery = ?, recovery_id = ?, recovery_passes = ? WHERE stream = ?",
            arguments: [mode?.rawValue, mode == nil ? nil : wish.id.uuidString, passes, stream.description])
        if mode != nil { try VerificationRecord.request(wish, db) }
    }

    /// Logs the keys that differ, so that what is here of them travels; all keys when the receiver could not list them.
    private func markDifferent(_ table: TableResult) throws {
        guard let rows = try LocalRows(table.name, db) else { return }
        if table.problem != nil || table.isTruncated { try rows.logAll() }
        try rows.log(table.differingKeys.map(\.key))
    }
}
