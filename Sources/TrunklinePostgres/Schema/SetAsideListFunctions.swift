/// The triggers that give each change of the list of set-aside rows its version, and keep their count.
enum SetAsideListFunctions {
    static let statements = [function, trigger("insert", "INSERT", "NEW"), trigger("delete", "DELETE", "OLD"), update]

    private static func noted(_ rows: String, counts change: String) -> String {
        """
        WITH counted AS (
            UPDATE trunkline.inbound i SET set_aside_version = set_aside_version + c.total,
                set_aside = greatest(0, set_aside + c.total * (\(change)))
            FROM (SELECT stream, count(*) AS total FROM (\(rows)) r GROUP BY stream) c WHERE i.stream = c.stream
            RETURNING i.stream, i.set_aside_version - c.total AS base
        )
        INSERT INTO trunkline.set_aside_change (stream, table_name, key, version)
        SELECT stream, r.table_name, r.key, base + row_number() OVER (PARTITION BY stream ORDER BY r.id)
        FROM (\(rows)) r JOIN counted USING (stream)
        ON CONFLICT (stream, table_name, md5(key)) DO UPDATE SET version = EXCLUDED.version;
        """
    }

    private static let function = """
        CREATE OR REPLACE FUNCTION trunkline.note_set_aside() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                \(noted("SELECT n.* FROM new_rows n JOIN old_rows o USING (id) WHERE n.reason <> o.reason", counts: "0"))
            ELSE
                \(noted("SELECT * FROM changed_rows", counts: "CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END"))
            END IF;
            IF TG_OP = 'DELETE' THEN
                DELETE FROM trunkline.set_aside_shape h WHERE h.id IN (SELECT shape FROM changed_rows)
                    AND NOT EXISTS (SELECT FROM trunkline.set_aside s WHERE s.shape = h.id);
            END IF;
            RETURN NULL;
        END
        $function$
        """

    private static func trigger(_ name: String, _ event: String, _ rows: String) -> String {
        """
        CREATE OR REPLACE TRIGGER note_\(name) AFTER \(event) ON trunkline.set_aside
            REFERENCING \(rows) TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION trunkline.note_set_aside()
        """
    }

    private static let update = """
        CREATE OR REPLACE TRIGGER note_update AFTER UPDATE ON trunkline.set_aside
            REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION trunkline.note_set_aside()
        """
}
