internal import GRDB
internal import TrunklineCore

/// What the streams of this office have not sent, or have no ack of: each line of the log is counted once, however many
/// streams wait for it.
struct Backlog {
    struct Place {
        var stream: String
        var destination: String
        var cursor: Int64
        var acked: Int64
    }

    /// Of the batches that are sent and not acked, by stream.
    private(set) var sent: [String: (changes: Int, batches: Int)] = [:]
    private var batched: [String: Int] = [:]
    private var loading: [String: Int] = [:]
    /// Lines for all that are behind a stream's place, by the place.
    private var shared: [Int64: Int] = [:]
    /// By destination.
    private var own: [String: Int] = [:]
    private var held: [String: Int] = [:]
    private let db: Database

    init(_ db: Database) throws {
        self.db = db
        for row in try Row.fetchAll(
            db,
            sql: """
                SELECT stream, state = 'sent' AS is_sent, sum(changes) AS changes, count(*) AS batches
                FROM trunkline_batch WHERE state IN ('pending', 'preparing', 'sent') GROUP BY 1, 2
                """)
        {
            let stream: String = row["stream"]
            if row["is_sent"] {
                sent[stream] = (row["changes"], row["batches"])
            } else {
                batched[stream] = row["changes"]
            }
        }
        // A load that was not counted has one row at least.
        loading = try Backlog.counts(
            "SELECT stream, sum(max(coalesce(rows_left, 1), 1)) FROM trunkline_load GROUP BY 1", db)
        held = try Backlog.counts("SELECT destination, count(*) FROM trunkline_held_change GROUP BY 1", db)
        own = try Backlog.counts(
            """
            SELECT o.destination, (SELECT count(*) FROM trunkline_change AS c
                WHERE c.destination <> 'head' AND c.destination = o.destination AND c.seq > o.cursor)
            FROM trunkline_outbound AS o WHERE o.destination <> 'head'
            UNION ALL SELECT o.destination, \(Backlog.ofBranch) FROM trunkline_outbound AS o WHERE o.destination = 'head'
            """, db)
        try countShared()
    }

    private static func counts(_ sql: String, _ db: Database) throws -> [String: Int] {
        Dictionary(try Row.fetchAll(db, sql: sql).map { ($0[0], $0[1]) }, uniquingKeysWith: +)
    }

    /// SQLite counts a whole table fast, and a part of one slowly: so the smaller part is counted. At a branch every line
    /// is for the head.
    private static let ofBranch = """
        CASE WHEN o.cursor - (SELECT min(seq) FROM trunkline_change) < (SELECT max(seq) FROM trunkline_change) - o.cursor
            THEN (SELECT count(*) FROM trunkline_change) - (SELECT count(*) FROM trunkline_change WHERE seq <= o.cursor)
            ELSE (SELECT count(*) FROM trunkline_change WHERE seq > o.cursor) END
        """

    /// The log is cut at the places of the streams, from the newest on.
    private mutating func countShared() throws {
        let pieces = try Row.fetchAll(
            db,
            sql: """
                SELECT at, (SELECT count(*) FROM trunkline_change
                    WHERE destination <> 'head' AND destination = 'all' AND seq > at AND seq <= next) AS lines
                FROM (SELECT cursor AS at, lead(cursor, 1, \(Int64.max)) OVER (ORDER BY cursor) AS next
                    FROM (SELECT DISTINCT cursor FROM trunkline_outbound WHERE destination <> 'head'))
                ORDER BY at DESC
                """)
        var sum = 0
        for piece in pieces {
            sum += piece["lines"]
            shared[piece["at"]] = sum
        }
    }

    /// Changes and rows that are not sent.
    func pending(_ place: Place) -> Int {
        var counts = [batched[place.stream], loading[place.stream], own[place.destination], held[place.destination]]
        if place.destination != OfficeID.head.description {
            counts += [shared[place.cursor], held[OfficeID.all.description]]
        }
        return counts.reduce(0) { $0 + ($1 ?? 0) }
    }

    /// Seconds since the oldest of what is not acked was logged, or began to be loaded.
    func oldest(_ place: Place) throws -> Double? {
        try Double.fetchOne(
            db,
            sql: """
                SELECT \(Timestamp.age(of: "min(at)")) FROM (
                    SELECT at FROM (SELECT at FROM trunkline_change
                        WHERE destination = 'head' AND :destination = 'head' AND seq > :acked ORDER BY seq LIMIT 1)
                    UNION ALL SELECT at FROM (SELECT at FROM trunkline_change
                        WHERE destination <> 'head' AND destination = :destination AND seq > :acked ORDER BY seq LIMIT 1)
                    UNION ALL SELECT at FROM (SELECT at FROM trunkline_change
                        WHERE destination <> 'head' AND destination = 'all' AND seq > :acked ORDER BY seq LIMIT 1)
                    UNION ALL SELECT min(at) FROM trunkline_held_change WHERE destination IN (:destination, 'all')
                    UNION ALL SELECT min(at) FROM trunkline_load WHERE stream = :stream
                    UNION ALL SELECT min(formed_at) FROM trunkline_batch
                        WHERE load_table IS NOT NULL AND stream = :stream AND state <> 'acked')
                """,
            arguments: ["destination": place.destination, "acked": place.acked, "stream": place.stream])
    }
}
