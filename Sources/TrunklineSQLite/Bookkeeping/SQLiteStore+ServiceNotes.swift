internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func noteService(_ report: ServiceReport) async throws(StoreError) {
        try await write("noteService", report.service) { db in
            try db.execute(
                sql: """
                    DELETE FROM trunkline_service
                    WHERE \(Timestamp.age(of: "seen_at")) > 7 * 86400 AND (service, host) <> (?, ?)
                    """, arguments: [report.service, report.host])
            try db.execute(
                sql: """
                    INSERT INTO trunkline_service
                        (service, host, failure, failing_since, failures, succeeded_at, seen_at, stopped)
                    VALUES (:service, :host, :failure, \(Self.ago(":failing")), :failures, \(Self.ago(":success")),
                        \(Timestamp.now), :stopped)
                    ON CONFLICT (service, host) DO UPDATE SET failure = excluded.failure,
                        failing_since = excluded.failing_since, failures = excluded.failures,
                        succeeded_at = coalesce(excluded.succeeded_at, succeeded_at), seen_at = excluded.seen_at,
                        stopped = excluded.stopped
                    """,
                arguments: [
                    "service": report.service, "host": report.host, "failure": report.failure,
                    "failing": report.failingSeconds, "failures": report.failures, "success": report.successSeconds,
                    "stopped": report.isStopped,
                ])
        }
    }

    public func serviceNotes() async throws(StoreError) -> [ServiceNote] {
        try await read("serviceNotes", location.path) { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT *, strftime('%Y-%m-%dT%H:%M:%SZ', failing_since) AS since,
                        \(Timestamp.age(of: "succeeded_at")) AS success, \(Timestamp.age(of: "seen_at")) AS seen
                    FROM trunkline_service ORDER BY service, host
                    """
            ).map { row in
                ServiceNote(
                    service: row["service"], host: row["host"], failure: row["failure"], failingSince: row["since"],
                    failures: row["failures"], successSeconds: row["success"], seenSeconds: row["seen"],
                    isStopped: row["stopped"])
            }
        }
    }

    /// The time so many seconds ago, as the bookkeeping writes it; NULL of NULL.
    private static func ago(_ seconds: String) -> String {
        "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || CAST(\(seconds) AS TEXT) || ' seconds')"
    }
}
