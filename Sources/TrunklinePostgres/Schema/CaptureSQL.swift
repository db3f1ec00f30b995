internal import TrunklineCore

/// The triggers that write a table's changes to the change log, in the user's own transaction.
///
/// An ordinary table has statement-level triggers with transition tables, so a bulk statement pays
/// once. A partitioned table has row-level triggers, which PostgreSQL gives to every partition, so
/// that writes to a partition directly, and partitions made later, are captured too. The functions run
/// as their owner (the application needs no privilege on our tables), name everything in full, and fix the settings that
/// the text form of this key depends on: each costs every statement of the application a little.
///
/// They notify nobody: a notification would make committers queue, and forbid `PREPARE TRANSACTION`. They draw from no
/// sequence: the application's `lastval()` says what it says without us. And they never
/// fail because a column of the key got another name: they look whether it has its name, and else ask the catalog.
struct CaptureSQL {
    var tableID: Int
    /// Quoted and schema-qualified.
    var relation: String
    var key: [KeyColumn]
    var isPartitioned: Bool

    struct KeyColumn: Hashable, Sendable, Codable {
        var name: String
        /// `pg_attribute.attnum`: stays when the column gets another name.
        var number: Int
        /// As `format_type` writes it.
        var type: String
    }

    var functions: [String] {
        isPartitioned
            ? [rowFunction, truncateFunction]
            : [insertFunction, updateFunction, deleteFunction, truncateFunction]
    }

    /// Lets the triggers fire in every `session_replication_role`, which only the table's owner may.
    static func enable(_ triggers: [String], on relation: String) -> String {
        "ALTER TABLE \(relation) " + triggers.map { "ENABLE ALWAYS TRIGGER \($0)" }.joined(separator: ", ")
    }

    /// Trigger names and the statements that make them.
    var triggers: [(name: String, sql: String)] {
        guard !isPartitioned else {
            return [
                trigger("trunkline_row", "AFTER INSERT OR UPDATE OR DELETE", "", "ROW", name("row")),
                trigger("trunkline_truncate", "BEFORE TRUNCATE", "", "STATEMENT", name("truncate")),
            ]
        }
        return [
            trigger(
                "trunkline_insert", "AFTER INSERT", "REFERENCING NEW TABLE AS new_rows", "STATEMENT", name("insert")),
            trigger(
                "trunkline_update", "AFTER UPDATE", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
                "STATEMENT", name("update")),
            trigger(
                "trunkline_delete", "AFTER DELETE", "REFERENCING OLD TABLE AS old_rows", "STATEMENT", name("delete")),
            trigger("trunkline_truncate", "BEFORE TRUNCATE", "", "STATEMENT", name("truncate")),
        ]
    }

    static let triggerNames = [
        "trunkline_insert", "trunkline_update", "trunkline_delete", "trunkline_row", "trunkline_truncate",
    ]

    /// A trigger that catches a TRUNCATE of a partition itself.
    func truncateTrigger(on partition: String) -> String {
        """
        CREATE OR REPLACE TRIGGER trunkline_truncate BEFORE TRUNCATE ON \(partition) FOR EACH STATEMENT
            EXECUTE FUNCTION \(name("truncate"))()
        """
    }

    /// Version 0.1 had one function for all statements.
    static func dropFunctions(of tableID: Int) -> [String] {
        ["", "row_", "truncate_", "insert_", "update_", "delete_"].map {
            "DROP FUNCTION IF EXISTS trunkline.capture_\($0)\(tableID)()"
        }
    }

    private func name(_ what: String) -> String { "trunkline.capture_\(what)_\(tableID)" }

    private func trigger(_ name: String, _ event: String, _ tables: String, _ level: String, _ function: String) -> (
        String, String
    ) {
        (
            name,
            """
            CREATE OR REPLACE TRIGGER \(name) \(event) ON \(relation) \(tables) FOR EACH \(level)
                EXECUTE FUNCTION \(function)()
            """
        )
    }

    /// By its bytes: where letters differ in case alone, a collation may take two keys for one.
    func key(of row: String) -> String {
        "ARRAY["
            + key.map { "\(row).\($0.name.identifier)::pg_catalog.text COLLATE pg_catalog.\"C\"" }.joined(
                separator: ", ") + "]"
    }

    /// How far the write-ahead log has come, in bytes.
    private static let position =
        "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0'::pg_catalog.pg_lsn)::pg_catalog.int8"

    /// Numbers the changes of a statement behind those of earlier ones of its transaction: each change that was written
    /// took more bytes of the log than its number takes.
    private func log(_ op: String, _ source: String) -> String {
        """
        INSERT INTO trunkline.change (transaction, seq, table_id, key, op)
            SELECT pg_catalog.pg_current_xact_id(),
                (SELECT \(CaptureSQL.position)) OPERATOR(pg_catalog.+) pg_catalog.row_number() OVER (),
                \(tableID), q.key, '\(op)' FROM (\(source)) q
        """
    }

    /// What a publisher sees at its next look.
    private static let stir = "PERFORM pg_catalog.setval('trunkline.activity', \(position));"

    private func function(_ what: String, _ settings: [String], _ body: String) -> String {
        """
        CREATE OR REPLACE FUNCTION \(name(what))() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        \(settings.map { "SET \($0)" }.joined(separator: " "))
        AS $function$
        DECLARE
            present pg_catalog.text[];
        BEGIN
        \(body)
            RETURN NULL;
        END
        $function$
        """
    }

    /// Types whose text form depends on no setting.
    private static let plainTypes: Set = [
        "smallint", "integer", "bigint", "text", "character varying", "character", "uuid", "boolean", "numeric",
    ]

    private var settings: [String] {
        guard !key.allSatisfy({ CaptureSQL.plainTypes.contains($0.type) }) else { return [] }
        return [
            "search_path = pg_catalog, pg_temp", "datestyle = 'ISO, YMD'", "timezone = 'UTC'",
            "intervalstyle = 'iso_8601'", "extra_float_digits = 1", "bytea_output = 'hex'",
        ]
    }

    /// Runs `usual` while the key's columns have their names; else `renamed`, statements in which `%1$s`, `%2$s`, … are
    /// the names as they are. When one of them was dropped, nothing can be logged, and the table's fingerprint says so.
    private func guarded(_ usual: String, else renamed: (_ execute: (String, String) -> String) -> String) -> String {
        // The columns of a partition may have numbers of their own.
        let table = isPartitioned ? "pg_catalog.pg_partition_root(TG_RELID)" : "TG_RELID"
        // The name from the catalog's cache: four times cheaper than a query, at every statement of the application.
        let columns = key.map {
            """
            (pg_catalog.pg_identify_object_as_address(1259, \(table), \($0.number))).object_names[3]
                OPERATOR(pg_catalog.=) \($0.name.literal)
            """
        }
        let names = key.indices.map { ", present[\($0 + 1)]" }.joined()
        return """
            IF \(columns.joined(separator: "\n    AND ")) THEN
                \(usual)
                IF FOUND THEN \(CaptureSQL.stir) END IF;
            ELSE
                present := ARRAY(SELECT pg_catalog.quote_ident(a.attname)
                    FROM pg_catalog.unnest(ARRAY[\(key.map { "\($0.number)" }.joined(separator: ", "))])
                        WITH ORDINALITY k (number, n)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) \(table)
                        AND a.attnum OPERATOR(pg_catalog.=) k.number AND NOT a.attisdropped
                    ORDER BY k.n);
                IF pg_catalog.cardinality(present) OPERATOR(pg_catalog.=) \(key.count) THEN
                    \(renamed { "EXECUTE pg_catalog.format($query$\($0)$query$\(names)\($1);" })
                    \(CaptureSQL.stir)
                END IF;
            END IF;
            """
    }

    /// The key by the names that the catalog has.
    private func renamedKey(of row: String) -> String {
        "ARRAY["
            + key.indices.map { "\(row).%\($0 + 1)$s::pg_catalog.text COLLATE pg_catalog.\"C\"" }.joined(
                separator: ", ") + "]"
    }

    private func statement(_ what: String, _ op: String, _ source: (_ key: (String) -> String) -> String) -> String {
        function(
            what, settings,
            guarded(log(op, source(key(of:))) + ";") { execute in execute(log(op, source(renamedKey(of:))), ")") })
    }

    private var insertFunction: String {
        statement("insert", "i") { "SELECT \($0("n")) AS key FROM new_rows n" }
    }

    private var updateFunction: String {
        statement("update", "u") {
            "SELECT \($0("o")) AS key FROM old_rows o UNION SELECT \($0("n")) FROM new_rows n"
        }
    }

    private var deleteFunction: String {
        statement("delete", "d") { "SELECT \($0("o")) AS key FROM old_rows o" }
    }

    /// The keys of a partition of the table, if that is what is truncated.
    private var truncateFunction: String {
        let usual = log("d", "SELECT \(key(of: "t").doubling("%")) AS key FROM %s t")
        let renamed = log("d", "SELECT \(renamedKey(of: "t")) AS key FROM %\(key.count + 1)$s t")
        return function(
            "truncate", settings,
            guarded(
                "EXECUTE pg_catalog.format($query$\(usual)$query$, TG_RELID::pg_catalog.regclass); \(CaptureSQL.stir)"
            ) { execute in
                execute(renamed, ", TG_RELID::pg_catalog.regclass)")
            })
    }

    private var rowFunction: String {
        let both = { (key: (String) -> String, old: String, new: String) in
            "SELECT \(key(old)) AS key UNION SELECT \(key(new))"
        }
        func perStatement(insert: String, update: String, delete: String) -> String {
            """
            IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
                \(insert)
            ELSIF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' THEN
                \(update)
            ELSE
                \(delete)
            END IF;
            """
        }
        return function(
            "row", settings,
            guarded(
                perStatement(
                    insert: log("i", "SELECT \(key(of: "NEW")) AS key") + ";",
                    update: log("u", both(key(of:), "OLD", "NEW")) + ";",
                    delete: log("d", "SELECT \(key(of: "OLD")) AS key") + ";")
            ) { execute in
                perStatement(
                    insert: execute(log("i", "SELECT \(renamedKey(of: "($1)")) AS key"), ") USING NEW"),
                    update: execute(log("u", both(renamedKey(of:), "($1)", "($2)")), ") USING OLD, NEW"),
                    delete: execute(log("d", "SELECT \(renamedKey(of: "($1)")) AS key"), ") USING OLD"))
            })
    }
}
