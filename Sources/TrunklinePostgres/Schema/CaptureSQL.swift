internal import TrunklineCore

/// The triggers that write a table's changes to the change log, in the user's own transaction.
///
/// An ordinary table has statement-level triggers with transition tables, so a bulk statement pays
/// once. A partitioned table has row-level triggers, which PostgreSQL gives to every partition, so
/// that writes to a partition directly, and partitions made later, are captured too. The functions run
/// as their owner (the application needs no privilege on our tables) and fix every setting that
/// the text form of a key depends on.
struct CaptureSQL {
    var tableID: Int
    /// Quoted and schema-qualified.
    var relation: String
    var keyColumns: [String]
    var isPartitioned: Bool

    var functions: [String] {
        isPartitioned ? [rowFunction, truncateFunction] : [statementFunction, truncateFunction]
    }

    /// Trigger names and the statements that make them.
    var triggers: [(name: String, sql: String)] {
        guard !isPartitioned else {
            return [
                trigger("trunkline_row", "AFTER INSERT OR UPDATE OR DELETE", "", "ROW", rowName),
                trigger("trunkline_truncate", "BEFORE TRUNCATE", "", "STATEMENT", truncateName),
            ]
        }
        return [
            trigger(
                "trunkline_insert", "AFTER INSERT", "REFERENCING NEW TABLE AS new_rows", "STATEMENT", statementName),
            trigger(
                "trunkline_update", "AFTER UPDATE", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
                "STATEMENT", statementName),
            trigger(
                "trunkline_delete", "AFTER DELETE", "REFERENCING OLD TABLE AS old_rows", "STATEMENT", statementName),
            trigger("trunkline_truncate", "BEFORE TRUNCATE", "", "STATEMENT", truncateName),
        ]
    }

    static let triggerNames = [
        "trunkline_insert", "trunkline_update", "trunkline_delete", "trunkline_row", "trunkline_truncate",
    ]

    /// A trigger that catches a TRUNCATE of a partition itself.
    func truncateTrigger(on partition: String) -> String {
        "CREATE TRIGGER trunkline_truncate BEFORE TRUNCATE ON \(partition) FOR EACH STATEMENT EXECUTE FUNCTION \(truncateName)()"
    }

    var dropFunctions: [String] {
        [statementName, rowName, truncateName].map { "DROP FUNCTION IF EXISTS \($0)()" }
    }

    private var statementName: String { "trunkline.capture_\(tableID)" }
    private var rowName: String { "trunkline.capture_row_\(tableID)" }
    private var truncateName: String { "trunkline.capture_truncate_\(tableID)" }

    private func trigger(_ name: String, _ event: String, _ tables: String, _ level: String, _ function: String) -> (
        String, String
    ) {
        (
            name,
            "CREATE TRIGGER \(name) \(event) ON \(relation) \(tables) FOR EACH \(level) EXECUTE FUNCTION \(function)()"
        )
    }

    func key(of row: String) -> String {
        "ARRAY[" + keyColumns.map { "\(row).\($0.identifier)::pg_catalog.text" }.joined(separator: ", ") + "]"
    }

    private func log(_ op: String, _ source: String) -> String {
        """
        INSERT INTO trunkline.change (transaction, table_id, key, op)
            SELECT pg_catalog.pg_current_xact_id(), \(tableID), q.key, '\(op)' FROM (\(source)) q
        """
    }

    private func function(_ name: String, _ body: String) -> String {
        """
        CREATE OR REPLACE FUNCTION \(name)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, YMD' SET timezone = 'UTC'
        SET intervalstyle = 'iso_8601' SET extra_float_digits = 1 SET bytea_output = 'hex'
        AS $function$
        BEGIN
        \(body)
            RETURN NULL;
        END
        $function$
        """
    }

    private static let notify = "IF FOUND THEN NOTIFY trunkline_changes; END IF;"

    private var statementFunction: String {
        function(
            statementName,
            """
                IF TG_OP = 'INSERT' THEN
                    \(log("i", "SELECT \(key(of: "n")) AS key FROM new_rows n"));
                ELSIF TG_OP = 'UPDATE' THEN
                    \(log("u", "SELECT \(key(of: "o")) AS key FROM old_rows o UNION SELECT \(key(of: "n")) FROM new_rows n"));
                ELSE
                    \(log("d", "SELECT \(key(of: "o")) AS key FROM old_rows o"));
                END IF;
                \(CaptureSQL.notify)
            """)
    }

    private var rowFunction: String {
        function(
            rowName,
            """
                IF TG_OP <> 'INSERT' THEN
                    \(log("u", "SELECT \(key(of: "OLD")) AS key"));
                END IF;
                IF TG_OP = 'INSERT' THEN
                    \(log("i", "SELECT \(key(of: "NEW")) AS key"));
                ELSIF TG_OP = 'UPDATE' THEN
                    IF \(key(of: "NEW")) IS DISTINCT FROM \(key(of: "OLD")) THEN
                        \(log("u", "SELECT \(key(of: "NEW")) AS key"));
                    END IF;
                END IF;
                NOTIFY trunkline_changes;
            """)
    }

    private var truncateFunction: String {
        function(
            truncateName,
            """
                EXECUTE pg_catalog.format(
                    $query$\(log("d", "SELECT \(key(of: "t")) AS key FROM %s t"))$query$, TG_RELID::pg_catalog.regclass);
                \(CaptureSQL.notify)
            """)
    }
}
