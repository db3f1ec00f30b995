public import TrunklineCore

extension PostgresStore {
    public func noteService(_ report: ServiceReport) throws(StoreError) {
        _ = try withConnection { (connection) throws(StoreError) in
            try connection.query(
                ServiceNoteStatements.note,
                [
                    report.service, report.host, report.failure, report.failingSeconds.map { "\($0)" },
                    "\(report.failures)", report.successSeconds.map { "\($0)" }, report.isStopped ? "t" : "f",
                ])
        }
    }

    public func serviceNotes() throws(StoreError) -> [ServiceNote] {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(ServiceNoteStatements.notes)
            return (0..<result.rowCount).map { row in
                ServiceNote(
                    service: result.text(row, 0), host: result.text(row, 1), failure: result.value(row, 2),
                    failingSince: result.value(row, 3), failures: result.integer(row, 4)!,
                    successSeconds: result.value(row, 5).flatMap { Double($0) },
                    seenSeconds: Double(result.text(row, 6))!, isStopped: result.flag(row, 7))
            }
        }
    }
}

/// The statements on `trunkline.service`.
private enum ServiceNoteStatements {
    static let note = Statement(
        "note_service",
        """
        WITH old AS (
            DELETE FROM trunkline.service WHERE seen_at < now() - interval '7 days' AND (service, host) <> ($1, $2)
        )
        INSERT INTO trunkline.service (service, host, failure, failing_since, failures, succeeded_at, stopped)
        VALUES ($1, $2, $3, now() - $4::float8 * interval '1 second', $5, now() - $6::float8 * interval '1 second', $7)
        ON CONFLICT (service, host) DO UPDATE SET failure = EXCLUDED.failure, failing_since = EXCLUDED.failing_since,
            failures = EXCLUDED.failures, succeeded_at = coalesce(EXCLUDED.succeeded_at, service.succeeded_at),
            seen_at = now(), stopped = EXCLUDED.stopped
        """)

    static let notes = Statement(
        "service_notes",
        """
        SELECT service, host, failure, to_char(failing_since, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), failures,
            extract(epoch FROM now() - succeeded_at), extract(epoch FROM now() - seen_at), stopped
        FROM trunkline.service ORDER BY service, host
        """)
}
