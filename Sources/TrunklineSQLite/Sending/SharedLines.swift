internal import GRDB
internal import TrunklineCore

/// The lines of the log that no single stream's batches take away: those for all branches, and those for branches that
/// are gone.
///
/// - A line for all goes when every stream has an ack of it.
/// - Of the lines that only streams far behind need, the last of each key stays: a stream that has not passed the first
///   has not passed the last either, and one in between still needs the last. What is in a batch that is formed and not
///   acked stays as it is, so that a verification behind it stays true.
/// - The log is compacted when it has grown by as much as was left the last time, and by 10,000 at least: so the work is
///   in proportion to what was logged.
struct SharedLines {
    enum Task: CaseIterable {
        case prune, forgetGone, compact
    }

    private static let compactedFrom: Int64 = 10_000
    /// So many lines are looked at in one transaction, in a few milliseconds.
    private static let piece = 1_000

    private let db: Database

    init(_ db: Database) { self.db = db }

    /// Whether a step would do anything, without a lock.
    func isDue(_ task: Task, _ place: Int64) throws -> Bool {
        switch task {
        case .prune: try !prunable(atMost: 1).isEmpty
        case .forgetGone: try gone() != nil
        case .compact: try place > 0 || isCompactionDue()
        }
    }

    /// One short step.
    /// - Parameter place: where the last step ended; 0 at first.
    /// - Returns: where to go on; nil when it is done.
    func step(_ task: Task, _ place: Int64) throws -> Int64? {
        switch task {
        case .prune:
            let lines = try prunable(atMost: Self.piece)
            try delete(lines)
            return lines.count < Self.piece ? nil : 1
        case .forgetGone:
            guard let destination = try gone() else { return nil }
            try delete(
                try Int64.fetchAll(
                    db,
                    sql: """
                        SELECT seq FROM trunkline_change
                        WHERE destination <> 'head' AND destination = ? ORDER BY seq LIMIT \(Self.piece)
                        """, arguments: [destination]))
            try db.execute(sql: "DELETE FROM trunkline_held_change WHERE destination = ?", arguments: [destination])
            return 1
        case .compact: return try compact(after: place)
        }
    }

    private func delete(_ lines: [Int64]) throws {
        for line in lines { try db.execute(sql: "DELETE FROM trunkline_change WHERE seq = ?", arguments: [line]) }
    }

    /// Lines for all that every stream has an ack of; with no stream, every one.
    private func prunable(atMost limit: Int) throws -> [Int64] {
        try Int64.fetchAll(
            db,
            sql: """
                SELECT seq FROM trunkline_change WHERE destination <> 'head' AND destination = 'all'
                    AND seq <= coalesce((SELECT min(acked_seq) FROM trunkline_outbound), \(Int64.max))
                ORDER BY seq LIMIT ?
                """, arguments: [limit])
    }

    /// A destination that has lines, and no stream.
    private func gone() throws -> String? {
        var last = ""
        while true {
            let next = try String.fetchOne(
                db,
                sql: "SELECT min(destination) FROM trunkline_change WHERE destination <> 'head' AND destination > ?",
                arguments: [last])
            guard let next else { return nil }
            last = next
            guard next != OfficeID.all.description else { continue }
            let hasStream = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_outbound WHERE stream = 'head>' || ?)",
                arguments: [next])!
            if !hasStream { return next }
        }
    }

    private func isCompactionDue() throws -> Bool {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT (SELECT max(cursor) FROM trunkline_outbound) AS newest, compacted_seq, compacted_lines,
                    (SELECT min(acked_seq) FROM trunkline_outbound) AS oldest
                FROM trunkline_office WHERE EXISTS (
                    SELECT 1 FROM trunkline_change WHERE destination <> 'head' AND destination = 'all')
                """)
        guard let row, let newest: Int64 = row["newest"], let oldest: Int64 = row["oldest"] else { return false }
        let left: Int64 = row["compacted_lines"]
        let since: Int64 = row["compacted_seq"]
        return newest - oldest >= Self.compactedFrom && newest - since >= max(Self.compactedFrom, left)
    }

    /// Lines that are in a batch which is formed and not acked, as intervals of the log in its order.
    private func batched() throws -> [ClosedRange<Int64>] {
        var ranges: [ClosedRange<Int64>] = []
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT DISTINCT acked_seq, cursor FROM trunkline_outbound WHERE acked_seq < cursor ORDER BY acked_seq
                """)
        for row in rows {
            let range = (row["acked_seq"] as Int64 + 1)...(row["cursor"] as Int64)
            if let last = ranges.last, range.lowerBound <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
        return ranges
    }

    private func compact(after place: Int64) throws -> Int64? {
        let newest = try Int64.fetchOne(db, sql: "SELECT max(cursor) FROM trunkline_outbound") ?? 0
        let lines = try Row.fetchAll(
            db,
            sql: """
                SELECT c.seq, EXISTS (SELECT 1 FROM trunkline_change AS later
                    WHERE later.table_id = c.table_id AND later.key = c.key AND later.destination = 'all'
                        AND later.seq > c.seq) AS is_superseded
                FROM trunkline_change AS c WHERE c.destination <> 'head' AND c.destination = 'all'
                    AND c.seq > ? AND c.seq <= ? ORDER BY c.seq LIMIT \(Self.piece)
                """, arguments: [place, newest])
        guard let last = lines.last else {
            try db.execute(
                sql: """
                    UPDATE trunkline_office SET compacted_seq = ?1, compacted_lines = (
                        SELECT count(*) FROM trunkline_change
                        WHERE destination <> 'head' AND destination = 'all' AND seq <= ?1)
                    """, arguments: [newest])
            return nil
        }
        var ranges = try batched()[...]
        var superseded: [Int64] = []
        for line in lines {
            let seq: Int64 = line["seq"]
            while let range = ranges.first, range.upperBound < seq { ranges.removeFirst() }
            if let range = ranges.first, range.contains(seq) { continue }
            if line["is_superseded"] { superseded.append(seq) }
        }
        try delete(superseded)
        return last["seq"]
    }
}
