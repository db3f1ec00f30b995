internal import GRDB
internal import TrunklineCore

/// The sync state of rows that this office writes, as SQL that looks a key up in the books for that key alone. What is not
/// in them is acked, unless the table stands still.
struct SendingStates {
    /// Of more loads than this at different places all rows are said to be pending.
    private static let intervals = 50

    private let table: SyncedTable
    /// Which streams are regarded: SQL for one name, or nil for all.
    private let stream: String?
    private let office: String?
    private let stands: Bool
    /// Why a receiver takes no row of the table; nil: it does.
    let untaken: String?
    private let pending: String
    private let sent: String

    /// - Parameter branch: at the head, whose stream is regarded; nil: all of them.
    init(_ table: SyncedTable, _ shape: TableShape, branch: OfficeID?, _ db: Database) throws {
        self.table = table
        let isBranch = table.route == nil
        let only = isBranch ? nil : branch.map { StreamID(from: .head, to: $0) }
        stream = only.map { "'\($0)'" }
        office = only?.destination.description
        stands = try Capture.standingTables(db).contains { $0.table == table.name }
        untaken = try String.fetchOne(
            db,
            sql: """
                SELECT \(SendingStates.reason(only?.description)) FROM trunkline_set_aside_notice AS n
                WHERE table_name = ?1 AND key = '[]' AND (?2 IS NULL OR stream = ?2) LIMIT 1
                """, arguments: [table.name.description, only?.description])
        pending = try SendingStates.loads(
            """
            SELECT o.destination, l.after_key, l.through_key FROM trunkline_load AS l
            JOIN trunkline_outbound AS o USING (stream) WHERE l.table_id = ?1 AND (?2 IS NULL OR o.stream = ?2)
            UNION SELECT o.destination, b.load_after, b.load_through FROM trunkline_batch AS b
            JOIN trunkline_outbound AS o USING (stream)
            WHERE b.load_table = ?1 AND b.state IN ('pending', 'preparing') AND (?2 IS NULL OR o.stream = ?2)
            """, table, shape, only, db)
        sent = try SendingStates.loads(
            """
            SELECT o.destination, b.load_after, b.load_through FROM trunkline_batch AS b
            JOIN trunkline_outbound AS o USING (stream)
            WHERE b.load_table = ?1 AND b.state = 'sent' AND (?2 IS NULL OR o.stream = ?2)
            """, table, shape, only, db)
    }

    /// Whether a row is in one of the intervals that a query finds, and for the branch that it is loaded for.
    private static func loads(
        _ query: String, _ table: SyncedTable, _ shape: TableShape, _ stream: StreamID?, _ db: Database
    ) throws -> String {
        var found: Set<String> = []
        for row in try Row.fetchAll(db, sql: query, arguments: [table.id, stream?.description]) {
            // Routes of all branches are alike.
            let scope = RowScope(table: table).conditions(for: row[0])
            let within = KeyWalk.isWithin(shape, after: row[1], through: row[2])
            found.insert(([within] + scope).joined(separator: " AND "))
            if found.count > intervals { return "TRUE" }
        }
        return found.isEmpty ? "FALSE" : "(\(found.sorted().joined(separator: " OR ")))"
    }

    /// Which rows there are: of one branch those that are for it.
    var scope: String {
        (["TRUE"] + (office.map { RowScope(table: table).conditions(for: $0) } ?? [])).joined(separator: " AND ")
    }

    /// Whether a row of the bookkeeping is that of a stream which is regarded.
    func isOfStream(_ row: String) -> String {
        stream.map { "\(row).stream = \($0)" } ?? "\(row).stream IN (SELECT stream FROM trunkline_outbound)"
    }

    /// The reason in such a row. One of one of several branches, in a listing for all of them, begins with its name.
    var reason: String { Self.reason(stream) }

    private static func reason(_ stream: String?) -> String {
        let branch = "n.origin = 'receiver' AND n.stream LIKE '\(OfficeID.head)>%'"
        return stream != nil
            ? "n.reason" : "iif(\(branch), substr(n.stream, instr(n.stream, '>') + 1) || ': ', '') || n.reason"
    }

    /// Lines of a key that are not acked by a stream which reads them.
    private func unacked(_ key: String) -> String {
        """
        FROM trunkline_change AS c JOIN trunkline_outbound AS o ON c.destination IN (o.destination, 'all')
        WHERE c.table_id = \(table.id) AND c.key = \(key) AND c.seq > o.acked_seq AND \(isOfStream("o"))
        """
    }

    private static let isSent = """
        EXISTS (SELECT 1 FROM trunkline_batch AS b
            WHERE b.state = 'sent' AND b.stream = o.stream AND c.seq BETWEEN b.from_seq AND b.to_seq)
        """

    private var isHeldFor: String { office.map { "h.destination IN ('\($0)', 'all')" } ?? "TRUE" }

    func ofRow(_ key: String) -> String {
        guard !stands else { return state(key, pending: pending, sent: sent, otherwise: "'pending'") }
        let taken = untaken == nil ? "'acked'" : "'set aside'"
        // The one branch may have been removed.
        let isForAny =
            office.map { "EXISTS (SELECT 1 FROM trunkline_outbound WHERE destination = '\($0)')" }
            ?? RowScope(table: table).isForAnyBranch
        return state(
            key, pending: pending, sent: sent,
            otherwise: isForAny.map { "iif(\($0), \(taken), '\(RowState.unrouted.rawValue)')" } ?? taken)
    }

    /// A load has no row that is not there.
    func ofGoneRow(_ key: String) -> String { state(key, pending: "FALSE", sent: "FALSE", otherwise: "'acked'") }

    private func state(_ key: String, pending: String, sent: String, otherwise: String) -> String {
        """
        CASE WHEN EXISTS (SELECT 1 \(unacked(key)) AND NOT \(Self.isSent)) THEN 'pending'
            WHEN \(pending) THEN 'pending'
            WHEN EXISTS (SELECT 1 FROM trunkline_held_change AS h
                WHERE h.table_id = \(table.id) AND h.key = \(key) AND \(isHeldFor)) THEN 'pending'
            WHEN EXISTS (SELECT 1 \(unacked(key))) THEN 'sent'
            WHEN \(sent) THEN 'sent'
            WHEN EXISTS (SELECT 1 FROM trunkline_set_aside_notice AS n
                WHERE n.table_name = ?1 AND n.local_key = \(key) AND \(isOfStream("n"))) THEN 'set aside'
            ELSE \(otherwise) END
        """
    }

    /// A query of all keys of which the books have something.
    var keys: String {
        """
        SELECT c.key FROM trunkline_change AS c WHERE c.table_id = \(table.id)
            AND c.seq > (SELECT min(o.acked_seq) FROM trunkline_outbound AS o WHERE \(isOfStream("o")))
        UNION SELECT h.key FROM trunkline_held_change AS h WHERE h.table_id = \(table.id) AND \(isHeldFor)
        UNION SELECT n.local_key FROM trunkline_set_aside_notice AS n
            WHERE n.table_name = ?1 AND n.local_key IS NOT NULL AND \(isOfStream("n"))
        """
    }
}
