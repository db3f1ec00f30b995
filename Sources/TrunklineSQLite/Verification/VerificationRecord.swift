internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The requests and results of verifications, as this office knows them.
enum VerificationRecord {
    /// Keeps a result unless a later round's is there; an earlier one's is completed by it.
    static func keep(_ result: VerificationResult, _ db: Database) throws {
        let earlier = try results(result.id, db).first { $0.stream == result.stream }
        let result = result.completed(from: earlier)
        try db.execute(
            sql: """
                INSERT INTO trunkline_verification_result (id, stream, round, result, finished_at)
                VALUES (?, ?, ?, ?, \(Timestamp.now))
                ON CONFLICT (id, stream) DO UPDATE
                SET round = excluded.round, result = excluded.result, finished_at = excluded.finished_at
                WHERE excluded.round >= round
                """,
            arguments: [
                result.id.uuidString, result.stream.description, result.round, try JSONText.encode(result),
            ])
        // With an old result the wish for it goes, which nobody could see to be answered any more.
        let old = try String.fetchAll(
            db,
            sql: """
                SELECT id FROM trunkline_verification_result WHERE stream = ?
                ORDER BY finished_at DESC LIMIT -1 OFFSET ?
                """, arguments: [result.stream.description, VerificationLimit.keptResults])
        for id in old {
            for table in ["trunkline_verification_request", "trunkline_verification_result"] {
                try db.execute(
                    sql: "DELETE FROM \(table) WHERE stream = ? AND id = ?", arguments: [result.stream.description, id])
            }
        }
    }

    static func results(_ id: UUID, _ db: Database) throws -> [VerificationResult] {
        try String.fetchAll(
            db, sql: "SELECT result FROM trunkline_verification_result WHERE id = ? ORDER BY stream",
            arguments: [id.uuidString]
        ).map { try JSONText.decode(VerificationResult.self, $0) }
    }

    /// Records a wish; once more does nothing. A second round goes only where the first one was asked for.
    static func request(_ request: VerificationRequest, _ db: Database) throws {
        if request.round == 1 {
            try db.execute(
                sql: """
                    DELETE FROM trunkline_verification_request WHERE stream = ?1 AND NOT EXISTS (
                        SELECT 1 FROM trunkline_verification_request WHERE stream = ?1 AND id = ?3) AND id IN (
                        SELECT r.id FROM trunkline_verification_request AS r JOIN trunkline_outbound AS o USING (stream)
                        WHERE r.stream = ?1 AND r.round = 1 AND r.number IS NULL AND r.id IS NOT o.recovery_id
                        ORDER BY r.requested_at DESC LIMIT -1 OFFSET ?2)
                    """,
                arguments: [
                    request.stream.description, VerificationLimit.waiting - 1, request.id.uuidString,
                ])
        }
        try db.execute(
            sql: """
                INSERT INTO trunkline_verification_request (id, stream, round, buckets, requested_at)
                SELECT :id, :stream, :round, :buckets, \(Timestamp.now)
                WHERE :round = 1 OR EXISTS (
                    SELECT 1 FROM trunkline_verification_request WHERE id = :id AND stream = :stream AND round = 1)
                ON CONFLICT (id, stream, round) DO NOTHING
                """,
            arguments: [
                "id": request.id.uuidString, "stream": request.stream.description, "round": request.round,
                "buckets": try JSONText.encode(request.buckets),
            ])
    }

    static func forget(_ id: UUID, of stream: StreamID, _ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM trunkline_verification_request WHERE id = ? AND stream = ?",
            arguments: [id.uuidString, stream.description])
    }

    /// The oldest wish that no batch answers yet. While a recovery goes on, only it asks: the answer to anybody else is of
    /// the time after it.
    static func wanted(_ stream: StreamID, _ db: Database) throws -> VerificationRequest? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT r.id, r.round, r.buckets
                FROM trunkline_verification_request AS r JOIN trunkline_outbound AS o USING (stream)
                WHERE r.stream = ? AND r.number IS NULL
                    AND (o.recovery <> 'compare' AND r.id <> o.recovery_id) IS NOT TRUE
                ORDER BY r.requested_at, r.round LIMIT 1
                """, arguments: [stream.description])
        guard let row, let id = UUID(uuidString: row["id"]) else { return nil }
        return VerificationRequest(
            id: id, stream: stream, round: row["round"],
            buckets: try JSONText.decode([VerificationRequest.TableBuckets].self, row["buckets"]))
    }

    /// Batches behind one that gave rows up carry digests of what now travels after them: they go without, and the wish
    /// stands again.
    static func withdrawClaims(behind number: Int64, of stream: StreamID, _ db: Database) throws {
        let arguments: StatementArguments = [stream.description, number]
        try db.execute(
            sql: """
                UPDATE trunkline_verification_request SET number = NULL
                WHERE stream = ?1 AND number IN (
                    SELECT number FROM trunkline_batch
                    WHERE stream = ?1 AND number > ?2 AND state <> 'acked'
                        AND (verification IS NOT NULL OR state = 'preparing'))
                """, arguments: arguments)
        try db.execute(
            sql: """
                UPDATE trunkline_batch
                SET verification = NULL, state = CASE state WHEN 'preparing' THEN 'pending' ELSE state END
                WHERE stream = ? AND number > ? AND state <> 'acked'
                    AND (verification IS NOT NULL OR state = 'preparing')
                """, arguments: arguments)
    }

    /// Wishes whose answer did not come with the ack of their batch stand again: it was lost.
    static func askAgain(_ stream: StreamID, answeredThrough watermark: Int64, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_verification_request AS r SET number = NULL
                WHERE stream = ? AND number <= ? AND NOT EXISTS (
                    SELECT 1 FROM trunkline_verification_result AS v
                    WHERE v.id = r.id AND v.stream = r.stream AND v.round >= r.round)
                """, arguments: [stream.description, watermark])
    }

    /// Notes the batch that asks; nil: the wish stands again.
    static func setNumber(_ number: Int64?, of request: VerificationRequest, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_verification_request SET number = ? WHERE id = ? AND stream = ? AND round = ?
                """, arguments: [number, request.id.uuidString, request.stream.description, request.round])
    }
}
