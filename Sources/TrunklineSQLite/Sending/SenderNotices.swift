internal import GRDB
internal import TrunklineCore

/// Rows that cannot leave this office, and those of earlier days that can now.
struct SenderNotices: Sendable {
    struct Entry: Hashable, Sendable {
        var table: TableName
        /// As in the change log.
        var localKey: String
        var key: RowKey
    }

    /// With the reason.
    private(set) var refused: [Entry: String] = [:]
    private(set) var cleared: Set<Entry> = []
    private let known: Set<String>
    /// Nil: all streams of this office.
    private let stream: StreamID?

    /// Reads what was refused before, by the keys here: two of them may be one at a receiver.
    init(stream: StreamID?, _ db: Database) throws {
        self.stream = stream
        known = Set(
            try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT table_name || ' ' || local_key FROM trunkline_set_aside_notice
                    WHERE (?1 IS NULL OR stream = ?1) AND origin = 'sender' AND local_key IS NOT NULL
                    """, arguments: [stream?.description]))
    }

    /// Tables of which the receiver's list has this entry.
    static func tables(noticedBy entry: RowKey, _ stream: StreamID, _ db: Database) throws -> Set<TableName> {
        let names = try String.fetchAll(
            db,
            // The key as a literal: there is an index of such entries.
            sql: """
                SELECT table_name FROM trunkline_set_aside_notice
                WHERE stream = ? AND key = '\(entry)' AND origin = 'receiver'
                """, arguments: [stream.description])
        return Set(names.compactMap { TableName(parsing: $0) })
    }

    /// Why rows of a table could not leave this office, by their keys as its lines have them.
    static func refusedRows(of table: TableName, _ db: Database) throws -> [RowKey: String] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT key, min(reason) AS reason FROM trunkline_set_aside_notice
                WHERE table_name = ? AND origin = 'sender' AND key <> '[]' GROUP BY key
                """, arguments: [table.description])
        return try rows.reduce(into: [:]) { refused, row in
            refused[RowKey(try JSONText.decode([String?].self, row["key"]))] = row["reason"]
        }
    }

    var isEmpty: Bool { refused.isEmpty && cleared.isEmpty }

    mutating func refuse(_ entry: Entry, reason: String) { refused[entry] = reason }

    mutating func accept(_ entry: @autoclosure () -> Entry) {
        guard !known.isEmpty else { return }
        let entry = entry()
        if known.contains("\(entry.table) \(entry.localKey)") { cleared.insert(entry) }
    }

    func save(_ db: Database) throws {
        for entry in cleared {
            try db.execute(
                sql: """
                    DELETE FROM trunkline_set_aside_notice
                    WHERE (?1 IS NULL OR stream = ?1) AND table_name = ?2 AND local_key = ?3 AND origin = 'sender'
                    """, arguments: [stream?.description, entry.table.description, entry.localKey])
        }
        for (entry, reason) in refused {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_set_aside_notice (stream, table_name, key, local_key, origin, reason, since)
                    SELECT stream, ?2, ?3, ?4, 'sender', ?5, \(Timestamp.now) FROM trunkline_outbound
                    WHERE ?1 IS NULL OR stream = ?1
                    ON CONFLICT (stream, table_name, key, origin) DO UPDATE
                    SET local_key = excluded.local_key, reason = excluded.reason
                    """,
                arguments: [
                    stream?.description, entry.table.description, entry.key.description, entry.localKey, reason,
                ])
        }
    }
}
