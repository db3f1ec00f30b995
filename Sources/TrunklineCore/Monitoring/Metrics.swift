/// All metrics. Every sample has the label `office` besides those named here.
///
/// Counters are of one process, so copies of a service add up. Gauges of a stream are the database's state, the same
/// in each copy of the service that shows them (`branch-publisher` at a branch, `head-ingestor` at the head).
public enum Metrics {
    // MARK: Sent (branch-publisher)

    public static let sentBatches = counter(
        "sent_batches", ["stream"], "Batches published, each resend counted again.")
    public static let sentRows = counter(
        "sent_rows", ["stream"], "Rows and deletes in published batches, each resend counted again.")
    public static let sentBytes = counter(
        "sent_bytes", ["stream"], "Bytes of published batches on the wire, after compression.")
    public static let refusedBatches = counter(
        "refused_batches", ["stream"], "Batches that the broker returned or did not confirm (basic.return, basic.nack)."
    )

    // MARK: Acked (branch-ack-listener)

    public static let ackedBatches = counter("acked_batches", ["stream"], "Batches that the receiver has committed.")
    public static let ackedRows = counter(
        "acked_rows", ["stream"], "Rows and deletes in batches that the receiver has committed.")
    public static let ackedBytes = counter(
        "acked_bytes", ["stream"], "Bytes on the wire of batches that the receiver has committed.")
    public static let ignoredAcks = counter(
        "ignored_acks", ["stream"], "Acks of an epoch that is over, or of a stream that is not sent here.")

    // MARK: Stored (head-ingestor, branch-ingestor)

    public static let storedBatches = counter("stored_batches", ["stream"], "Batches committed.")
    public static let storedRows = counter(
        "stored_rows", ["stream"], "Rows and deletes committed with their batch, without those set aside.")
    public static let storedBytes = counter(
        "stored_bytes", ["stream"], "Bytes on the wire of committed batches.")
    public static let newlySetAsideRows = counter(
        "newly_set_aside_rows", ["stream"], "Rows that were set aside when their batch was stored.")
    public static let duplicateBatches = counter(
        "duplicate_batches", ["stream"], "Batches at or below the watermark: acknowledged again, not stored again.")
    public static let gapBatches = counter(
        "gap_batches", ["stream"], "Batches above the next number, parked until the gap before them closes.")
    public static let refusedMessages = counter(
        "refused_messages", ["code"],
        "Messages that were not understood or not allowed; at the head they became dead letters.")

    // MARK: Acks (head-acker, branch-acker)

    public static let publishedAcks = counter("published_acks", ["stream"], "Acks that the broker confirmed.")

    // MARK: Stale reaper

    public static let staleBatches = counter(
        "stale_batches", ["stream"], "Batches that were not acked in time and became pending again.")
    public static let prunedBatches = counter(
        "pruned_batches", ["stream"], "Acked batches whose changes were deleted from the change log.")

    // MARK: Every service

    public static let stepDuration = MetricDefinition(
        .histogram, prefix + "step_duration_seconds", labels: ["service", "result"],
        buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
        "How long a step of a service took, by result: worked, idle (may wait for a message a second) or failed.")
    public static let reconnects = counter(
        "reconnects", ["service"],
        "How often the service had the broker again after it had lost it, or had closed its own part.")
    public static let linkUp = gauge(
        "link_up", ["service"], "1 while the last call of the broker succeeded, 0 when it failed.")
    public static let certificateEnd = gauge(
        "broker_certificate_end_timestamp_seconds", [],
        "When the broker's certificate ends, in seconds since 1970; 0 without TLS.")
    public static let databaseUp = gauge(
        "database_up", [], "1 while the last look at this office's database succeeded, 0 when it failed.")
    public static let healthy = gauge(
        "healthy", ["service"], "1 while /healthz finds the service healthy, 0 when it does not.")
    public static let buildInfo = gauge("build_info", ["version", "role"], "Always 1; the labels say what runs.")

    // MARK: A stream, at either end (branch-publisher, head-ingestor)

    public static let setAsideRows = gauge(
        "set_aside_rows", ["stream"], "Rows that could not be stored and wait for their cause to be mended.")
    public static let watermark = gauge(
        "watermark", ["stream"],
        "Number of the last batch of the stream that was acked (at its sender) or committed (at its receiver).")
    public static let streamStopped = gauge(
        "stream_stopped", ["stream"], "1 while nothing of the stream travels until someone decides, else 0.")

    // MARK: A stream, at its sender (branch-publisher)

    public static let pendingRows = gauge("pending_rows", ["stream"], "Changes that are not sent.")
    public static let inFlightRows = gauge("in_flight_rows", ["stream"], "Changes that are sent and not acked.")
    public static let inFlightBatches = gauge("in_flight_batches", ["stream"], "Batches that are sent and not acked.")
    public static let lagRows = gauge("lag_rows", ["stream"], "Changes that are not acked: pending or in flight.")
    public static let oldestUnackedSeconds = gauge(
        "oldest_unacked_seconds", ["stream"], "Age of the oldest change that is not acked; 0 when all is acked.")
    public static let lastAckedTime = gauge(
        "last_acked_timestamp_seconds", ["stream"], "When the last ack came, in seconds since 1970; 0: never.")

    public static let standingTables = gauge(
        "standing_tables", ["stream"], "Tables that stand still, of which nothing travels before someone acts.")

    // MARK: A stream, at its receiver (ingestors)

    public static let lastAppliedTime = gauge(
        "last_applied_timestamp_seconds", ["stream"],
        "When the last batch was taken, in seconds since 1970; 0: never.")
    public static let parkedBatches = gauge(
        "parked_batches", ["stream"], "Batches in the database that wait for a gap before them to close.")
    public static let messagesInHand = gauge(
        "messages_in_hand", [], "Messages that the ingestor took from the broker and has not dealt with yet.")

    // MARK: Shared tables, at the head (head-ingestor)

    public static let waitingConflicts = gauge(
        "waiting_conflicts", [], "Conflicts over shared tables that wait for somebody to decide.")

    /// Those of one stream, which go with it.
    public static let ofStream: [MetricDefinition] = [
        setAsideRows, watermark, streamStopped, pendingRows, inFlightRows, inFlightBatches, lagRows,
        oldestUnackedSeconds, lastAckedTime, standingTables, lastAppliedTime, parkedBatches,
    ]

    /// In the order in which they are shown.
    public static let all: [MetricDefinition] = [
        sentBatches, sentRows, sentBytes, refusedBatches, ackedBatches, ackedRows, ackedBytes, ignoredAcks,
        storedBatches, storedRows, storedBytes, newlySetAsideRows, duplicateBatches, gapBatches, refusedMessages,
        publishedAcks, staleBatches, prunedBatches, stepDuration, reconnects, linkUp, certificateEnd, databaseUp,
        healthy, buildInfo, setAsideRows, watermark, streamStopped, pendingRows, inFlightRows, inFlightBatches, lagRows,
        oldestUnackedSeconds, lastAckedTime, standingTables, lastAppliedTime, parkedBatches, messagesInHand,
        waitingConflicts,
    ]

    private static let prefix = "trunkline_"

    private static func counter(_ name: String, _ labels: [String], _ help: String) -> MetricDefinition {
        MetricDefinition(.counter, "\(prefix)\(name)_total", labels: labels, help)
    }

    private static func gauge(_ name: String, _ labels: [String], _ help: String) -> MetricDefinition {
        MetricDefinition(.gauge, prefix + name, labels: labels, help)
    }
}
