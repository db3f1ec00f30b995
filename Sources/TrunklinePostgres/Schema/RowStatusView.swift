internal import TrunklineCore

/// The view `trunkline.row_status`: every row of every synced table, and every delete under way,
/// with the state a user sees.
enum RowStatusView {
    /// `change_state` says for each logged change whether its batch was sent.
    static func statements(for tables: [Catalog.Table]) -> [String] {
        let columns = "table_name, key, state, deleted, reason"
        let rows = tables.map { table in
            let name = table.name.description.literal
            let key = "ARRAY[" + table.key.map { "t.\($0.identifier)::text" }.joined(separator: ", ") + "]"
            return """
                SELECT \(name)::text AS table_name, coalesce(r.key, s.key) AS key,
                    CASE WHEN f.reason IS NOT NULL AND s.key IS NULL THEN 'set aside' ELSE coalesce(s.state, 'acked') END AS state,
                    r.key IS NULL AS deleted, f.reason
                FROM (SELECT \(key) AS key FROM \(table.name.sql) t) r
                FULL JOIN (SELECT key, state FROM trunkline.change_state WHERE table_name = \(name)) s ON s.key = r.key
                LEFT JOIN trunkline.refused_row f ON f.table_name = \(name) AND f.key = to_json(coalesce(r.key, s.key))::text
                """
        }
        let empty =
            "SELECT NULL::text AS table_name, NULL::text[] AS key, NULL::text AS state, NULL::boolean AS deleted, NULL::text AS reason WHERE false"
        return [
            "DROP VIEW IF EXISTS trunkline.row_status", "DROP VIEW IF EXISTS trunkline.change_state", changeState,
            "CREATE VIEW trunkline.row_status AS SELECT \(columns) FROM (\((rows + [empty]).joined(separator: "\nUNION ALL\n"))) q",
        ]
    }

    private static let changeState = """
        CREATE VIEW trunkline.change_state AS
        SELECT s.name AS table_name, q.key, CASE WHEN bool_or(q.state = 'pending') THEN 'pending' ELSE 'sent' END AS state
        FROM (
            SELECT table_id, key, 'pending' AS state FROM trunkline.unbatched
            UNION ALL
            SELECT c.table_id, c.key, b.state FROM trunkline.batch b JOIN trunkline.change c
                ON (c.transaction >= b.floor OR c.transaction = ANY (b.late))
                AND (c.transaction, c.seq) > (b.from_transaction, b.from_seq)
                AND (c.transaction, c.seq) <= (b.to_transaction, b.to_seq)
                AND pg_visible_in_snapshot(c.transaction, b.upper)
            WHERE b.state <> 'acked'
        ) q JOIN trunkline.synced_table s ON s.id = q.table_id
        GROUP BY s.name, q.key
        """
}
