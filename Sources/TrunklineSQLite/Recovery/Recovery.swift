internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// What the books say of a recovery, at the sender.
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

    func read() throws -> OutboundRecovery {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT stopped, recovery, recovery_id, recovery_passes, recovery_new_keys, recovery_report, recovery_returns
                FROM trunkline_outbound WHERE stream = ?
                """, arguments: [stream.description])
        guard let row else {
            return OutboundRecovery(state: nil, passes: 0, report: RecoveryReport(), isStopped: false)
        }
        var state: RecoveryState?
        if let mode = (row["recovery"] as String?).flatMap(RecoveryMode.init(rawValue:)),
            let id = (row["recovery_id"] as String?).flatMap(UUID.init(uuidString:))
        {
            state = RecoveryState(
                mode: mode, verification: id, newKeys: row["recovery_new_keys"],
                returns: try (row["recovery_returns"] as String?).map { try JSONText.decode(ReturnsState.self, $0) })
        }
        return OutboundRecovery(
            state: state, passes: row["recovery_passes"],
            report: try (row["recovery_report"] as String?).map { try JSONText.decode(RecoveryReport.self, $0) }
                ?? RecoveryReport(),
            isStopped: row["stopped"] as String? != nil)
    }

    func beginEpoch(newKeys: Bool) throws {
        let outbound = try Outbound.get(stream, db, operation: "recover")
        let receiver = try String.fetchOne(
            db, sql: "SELECT receiver_epoch FROM trunkline_outbound WHERE stream = ?", arguments: [stream.description]
        ).flatMap(UUID.init(uuidString:))
        let past = (outbound.pastEpochs + [outbound.epoch] + (receiver.map { [$0] } ?? [])).suffix(16)
        try db.makeStatement(
            sql: """
                DELETE FROM trunkline_change WHERE \(StreamLines.isFor(outbound.destination))
                    AND seq <= (SELECT acked_seq FROM trunkline_outbound WHERE stream = ?)
                """
        ).execute(arguments: [stream.description])
        try LoadPiece.putBackAll(of: stream, db)
        try Outbound.turnLog(db)
        try db.execute(sql: "DELETE FROM trunkline_batch WHERE stream = ?", arguments: [stream.description])
        try askAgain()
        try db.execute(
            sql: """
                UPDATE trunkline_outbound SET epoch = ?, past_epochs = ?, receiver_epoch = NULL, next_number = 1,
                    last_id = NULL, cursor = acked_seq, acked_watermark = 0, set_aside_version = -1, stopped = NULL,
                    halt_untold = 0, recovery_new_keys = ?, recovery_report = NULL
                WHERE stream = ?
                """, arguments: [UUID().uuidString, try JSONText.encode(Array(past)), newKeys, stream.description])
        try Joins.noteTold([], stream, db)
        try Joins.beginAnew(stream, db)
    }

    /// What somebody else wished to have verified is asked in the new epoch, unless it was answered.
    private func askAgain() throws {
        try db.execute(
            sql: """
                DELETE FROM trunkline_verification_request WHERE stream = ?1
                    AND id = (SELECT recovery_id FROM trunkline_outbound WHERE stream = ?1)
                """, arguments: [stream.description])
        try VerificationRecord.askAgain(stream, answeredThrough: .max, db)
    }

    func noteResent() throws {
        try db.execute(
            sql: "UPDATE trunkline_outbound SET resent_at = julianday('now') WHERE stream = ?",
            arguments: [stream.description])
    }

    func isFreshlyResent() throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT resent_at BETWEEN \(Timestamp.inSeconds("-\(AckDecision.secondsBetweenResends)")) AND julianday('now')
                FROM trunkline_outbound WHERE stream = ?
                """, arguments: [stream.description]) ?? false
    }

    func set(_ recovery: RecoveryState?, passes: Int) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_outbound SET recovery = ?, recovery_id = ?, recovery_passes = ?, recovery_returns = ?
                WHERE stream = ?
                """,
            arguments: [
                recovery?.mode.rawValue, recovery?.verification.uuidString, passes,
                try recovery?.returns.map { try JSONText.encode($0) }, stream.description,
            ])
    }

    func set(_ report: RecoveryReport) throws {
        try db.execute(
            sql: "UPDATE trunkline_outbound SET recovery_report = ? WHERE stream = ?",
            arguments: [try JSONText.encode(report), stream.description])
    }

    func logDifferent(_ table: TableResult) throws {
        guard let rows = try LocalRows(table.name, for: stream, db) else { return }
        if table.problem != nil || table.isTruncated { try rows.loadAll() }
        try rows.log(table.differingKeys.map(\.key))
    }
}
