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
    var route: CaptureRoute
    /// Of a shared table.
    var versions: VersionSQL?

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
        } + CaptureMapping.events.map { "DROP FUNCTION IF EXISTS \(CaptureMapping.function($0, tableID))()" }
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

    /// How far the write-ahead log has come, in bytes.
    private static let position =
        "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0'::pg_catalog.pg_lsn)::pg_catalog.int8"

    /// Numbers the changes of a statement behind those of earlier ones of its transaction: each change that was written
    /// took more bytes of the log than its number takes.
    /// - Parameter source: rows `key`, `destination`.
    private func log(_ op: String, _ source: String) -> String {
        CaptureSQL.log(op, source, of: tableID)
    }

    static func log(_ op: String, _ source: String, of table: Int) -> String {
        """
        INSERT INTO trunkline.change (destination, transaction, seq, table_id, key, op)
            SELECT q.destination, pg_catalog.pg_current_xact_id(),
                (SELECT \(CaptureSQL.position)) OPERATOR(pg_catalog.+) pg_catalog.row_number() OVER (),
                \(table), q.key, '\(op)' FROM (\(source)) q
            WHERE q.destination OPERATOR(pg_catalog.~) '^[a-z0-9][a-z0-9-]{0,62}$'
        """
    }

    /// What a publisher sees at its next look.
    static let stir = "PERFORM pg_catalog.setval('trunkline.activity', \(position));"

    private func function(_ what: String, _ settings: [String], _ body: String) -> String {
        """
        CREATE OR REPLACE FUNCTION \(name(what))() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        \(settings.map { "SET \($0)" }.joined(separator: " "))
        AS $function$
        DECLARE
            present pg_catalog.text[];
        BEGIN
        \(passing)\(body)
            RETURN NULL;
        END
        $function$
        """
    }

    /// What a branch stores of a shared table came from the head; at the head it is news for the other branches.
    private var passing: String {
        guard let versions, versions.office != .head else { return "" }
        return "    IF \(VersionSQL.isMerging) THEN RETURN NULL; END IF;\n"
    }

    /// Types whose text form depends on no setting.
    private static let plainTypes: Set = [
        "smallint", "integer", "bigint", "text", "character varying", "character", "uuid", "boolean", "numeric",
    ]

    var settings: [String] {
        guard versions != nil || !key.allSatisfy({ CaptureSQL.plainTypes.contains($0.type) }) else { return [] }
        return [
            "search_path = pg_catalog, pg_temp", "datestyle = 'ISO, YMD'", "timezone = 'UTC'",
            "intervalstyle = 'iso_8601'", "extra_float_digits = 1", "bytea_output = 'hex'",
        ]
    }

    /// The columns that the triggers look at: the key's, then the route's.
    private var watched: [KeyColumn] { key + (route.column.map { [$0] } ?? []) }

    private var watchedNames: String { watched.indices.map { ", present[\($0 + 1)]" }.joined() }

    /// Runs `usual` while these columns have their names; else `renamed`, statements in which `%1$s`, `%2$s`, … are
    /// the names as they are. When one of them was dropped, nothing can be logged, and the table's fingerprint says so. While
    /// what maps to branches is not there, nobody knows who gets a row, and all branches are told: a batch's reader does.
    private func guarded(
        _ usual: String, else renamed: (_ route: CaptureRoute, _ execute: (String, String) -> String) -> String
    ) -> String {
        // The columns of a partition may have numbers of their own.
        let table = isPartitioned ? "pg_catalog.pg_partition_root(TG_RELID)" : "TG_RELID"
        // The name from the catalog's cache: four times cheaper than a query, at every statement of the application.
        let columns = watched.map {
            """
            (pg_catalog.pg_identify_object_as_address(1259, \(table), \($0.number))).object_names[3]
                OPERATOR(pg_catalog.=) \($0.name.literal)
            """
        }
        let names = watchedNames
        let isThere = route.isThere.map { " AND \($0)" } ?? ""
        func present(_ route: CaptureRoute) -> String {
            renamed(route) { "EXECUTE pg_catalog.format($query$\($0)$query$\(names)\($1);" }
        }
        let renamed =
            route.isThere.map { isThere in
                """
                IF \(isThere) THEN
                    \(present(route))
                ELSE
                    \(present(.fixed(ChangeRange.everybody)))
                END IF;
                """
            } ?? present(route)
        return """
            IF \(columns.joined(separator: "\n    AND "))\(isThere) THEN
                \(usual)
                IF FOUND THEN \(CaptureSQL.stir) END IF;
            ELSE
                present := ARRAY(SELECT pg_catalog.quote_ident(a.attname)
                    FROM pg_catalog.unnest(ARRAY[\(watched.map { "\($0.number)" }.joined(separator: ", "))])
                        WITH ORDINALITY k (number, n)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) \(table)
                        AND a.attnum OPERATOR(pg_catalog.=) k.number AND NOT a.attisdropped
                    ORDER BY k.n);
                IF pg_catalog.cardinality(present) OPERATOR(pg_catalog.=) \(watched.count) THEN
                    \(renamed)
                    \(CaptureSQL.stir)
                END IF;
            END IF;
            """
    }

    /// The keys (by their bytes: where letters differ in case alone, a collation may take two for one) and destinations of
    /// rows, by the names of now, or by those that the catalog has (`isRenamed`).
    /// - Parameter source: as ``CaptureRoute/select(_:column:from:)`` takes it.
    private func rows(
        _ row: String, from source: String?, isRenamed: Bool, leaves: Bool = false, for route: CaptureRoute? = nil
    ) -> String {
        let route = route ?? self.route
        let names = names(isRenamed: isRenamed)
        let selected = route.select(
            keyArray(row, isRenamed: isRenamed), column: route.column == nil ? "" : "\(row).\(names.last!)",
            from: source, leaves: leaves)
        return isRenamed ? Self.template(selected) : selected
    }

    private func names(isRenamed: Bool) -> [String] {
        isRenamed ? watched.indices.map { Self.name($0) } : watched.map(\.name.identifier)
    }

    private func keyArray(_ row: String, isRenamed: Bool) -> String {
        let key = names(isRenamed: isRenamed).prefix(self.key.count).map {
            "\(row).\($0)::pg_catalog.text COLLATE pg_catalog.\"C\""
        }
        return "ARRAY[\(key.joined(separator: ", "))]"
    }

    /// The statements that give rows their versions, each to be ended: of rows as they were, and as they are.
    private func versionStatements(
        old: (row: String, source: String)? = nil, new: (row: String, source: String)? = nil, isRenamed: Bool
    ) -> [String] {
        guard let versions else { return [] }
        // A column may be called as the rows are, and would be meant.
        func rows(_ part: (row: String, source: String)) -> VersionSQL.Rows {
            guard !part.source.isEmpty else {
                return VersionSQL.Rows(key: keyArray(part.row, isRenamed: isRenamed), row: part.row, source: "")
            }
            let row = "\"trunkline row\""
            let table = part.source.dropLast(part.row.count)
            return VersionSQL.Rows(key: keyArray(row, isRenamed: isRenamed), row: row, source: table + row)
        }
        let statements: [String] =
            switch (old, new) {
            case (let old?, let new?): versions.updated(rows(old), rows(new))
            case (let old?, nil): versions.deleted(rows(old))
            case (nil, let new?): versions.inserted(rows(new))
            case (nil, nil): []
            }
        return isRenamed ? statements.map(Self.template) : statements
    }

    /// Statements that run unless rows are merged, in which case they have versions of their own.
    private static func unlessMerging(_ statements: [String]) -> String {
        guard !statements.isEmpty else { return "" }
        return
            "IF (\(VersionSQL.isMerging)) IS NOT TRUE THEN \(statements.map { $0 + ";" }.joined(separator: " ")) END IF;"
    }

    /// Stands for the n-th name until the text is a template for `format`, in which it is `%n$s`.
    static func name(_ index: Int) -> String { "\u{1}\(index + 1)\u{2}" }

    static func template(_ text: String) -> String {
        text.doubling("%").replacing("\u{1}", with: "%").replacing("\u{2}", with: "$s")
    }

    private func statement(
        _ what: String, _ op: String, old: (row: String, source: String)? = nil,
        new: (row: String, source: String)? = nil, _ source: (_ isRenamed: Bool, _ route: CaptureRoute) -> String
    ) -> String {
        let usual = Self.unlessMerging(versionStatements(old: old, new: new, isRenamed: false))
        return function(
            what, settings,
            guarded(usual + log(op, source(false, route)) + ";") { route, execute in
                let versions = versionStatements(old: old, new: new, isRenamed: true).map {
                    String(execute($0, ")").dropLast())
                }
                return Self.unlessMerging(versions) + execute(log(op, source(true, route)), ")")
            })
    }

    private var insertFunction: String {
        statement("insert", "i", new: ("n", "new_rows n")) { rows("n", from: "new_rows n", isRenamed: $0, for: $1) }
    }

    private var updateFunction: String {
        statement("update", "u", old: ("o", "old_rows o"), new: ("n", "new_rows n")) {
            rows("o", from: "old_rows o", isRenamed: $0, leaves: true, for: $1) + " UNION "
                + rows("n", from: "new_rows n", isRenamed: $0, for: $1)
        }
    }

    private var deleteFunction: String {
        statement("delete", "d", old: ("o", "old_rows o")) {
            rows("o", from: "old_rows o", isRenamed: $0, leaves: true, for: $1)
        }
    }

    /// The keys of a partition of the table, if that is what is truncated.
    private var truncateFunction: String {
        func usual(_ statement: String) -> String {
            let template = statement.doubling("%").replacing("\u{1}", with: "%1$s")
            return "EXECUTE pg_catalog.format($query$\(template)$query$, TG_RELID::pg_catalog.regclass)"
        }
        let logged = log("d", rows("t", from: "\u{1} t", isRenamed: false, leaves: true))
        let versions = versionStatements(old: ("t", "\u{1} t"), isRenamed: false).map(usual)
        return function(
            "truncate", settings,
            guarded("\(Self.unlessMerging(versions)) \(usual(logged)); \(CaptureSQL.stir)") { route, execute in
                let source = "\(Self.name(watched.count)) t"
                let renamed = rows("t", from: source, isRenamed: true, leaves: true, for: route)
                let versions = versionStatements(old: ("t", source), isRenamed: true).map {
                    String(execute($0, ", TG_RELID::pg_catalog.regclass)").dropLast())
                }
                return Self.unlessMerging(versions)
                    + execute(log("d", renamed), ", TG_RELID::pg_catalog.regclass)")
            })
    }

    private var rowFunction: String {
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
        func both(_ old: String, _ new: String, isRenamed: Bool, for route: CaptureRoute) -> String {
            rows(old, from: nil, isRenamed: isRenamed, leaves: true, for: route) + " UNION "
                + rows(new, from: nil, isRenamed: isRenamed, for: route)
        }
        func versions(old: String? = nil, new: String? = nil, using arguments: String? = nil) -> String {
            let execute = { (sql: String) in
                arguments.map { "EXECUTE pg_catalog.format($query$\(sql)$query$\(watchedNames)) USING \($0)" } ?? sql
            }
            let statements = versionStatements(
                old: old.map { ($0, "") }, new: new.map { ($0, "") }, isRenamed: arguments != nil)
            return Self.unlessMerging(statements.map(execute))
        }
        return function(
            "row", settings,
            guarded(
                perStatement(
                    insert: versions(new: "NEW") + log("i", rows("NEW", from: nil, isRenamed: false)) + ";",
                    update: versions(old: "OLD", new: "NEW")
                        + log("u", both("OLD", "NEW", isRenamed: false, for: route)) + ";",
                    delete: versions(old: "OLD") + log("d", rows("OLD", from: nil, isRenamed: false, leaves: true))
                        + ";")
            ) { route, execute in
                let row = { rows("($1)", from: nil, isRenamed: true, leaves: $0, for: route) }
                return perStatement(
                    insert: versions(new: "($1)", using: "NEW") + execute(log("i", row(false)), ") USING NEW"),
                    update: versions(old: "($1)", new: "($2)", using: "OLD, NEW")
                        + execute(log("u", both("($1)", "($2)", isRenamed: true, for: route)), ") USING OLD, NEW"),
                    delete: versions(old: "($1)", using: "OLD") + execute(log("d", row(true)), ") USING OLD"))
            })
    }
}
