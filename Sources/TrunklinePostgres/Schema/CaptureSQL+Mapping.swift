internal import TrunklineCore

/// Triggers on the table that maps a table's rows to branches.
extension CaptureSQL {
    /// Whoever writes a row of the table at the same moment may know the mapping as it was, as ``MovedValues`` explains.
    private func noteMoves(_ mapping: CaptureMapping, _ source: String) -> String {
        let destination = "m.\(mapping.to.name.identifier)::pg_catalog.text"
        return """
            INSERT INTO trunkline.moved_value (table_id, value, destination)
                SELECT DISTINCT \(tableID), m.\(mapping.from.name.identifier)::pg_catalog.text, \(destination) FROM \(source) m
                WHERE \(destination) OPERATOR(pg_catalog.~) '^[a-z0-9][a-z0-9-]{0,62}$'
                    AND m.\(mapping.from.name.identifier) IS NOT NULL;
            """
    }

    /// Functions and triggers on the mapping table: where a value comes to a branch or leaves it, so do the rows with it.
    var mappingStatements: [String] {
        guard case .mapping(let column, let mapping) = route else { return [] }
        let both = "SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows"
        let sources = [
            "insert": "new_rows", "update": "(\(both))", "delete": "old_rows", "truncate": mapping.relation,
        ]
        let references = [
            "insert": "REFERENCING NEW TABLE AS new_rows",
            "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
            "delete": "REFERENCING OLD TABLE AS old_rows", "truncate": "",
        ]
        let key = self.key.map { "t.\($0.name.identifier)::pg_catalog.text COLLATE pg_catalog.\"C\"" }
        return CaptureMapping.events.flatMap { event in
            let lines = """
                SELECT DISTINCT ARRAY[\(key.joined(separator: ", "))] AS key,
                    m.\(mapping.to.name.identifier)::pg_catalog.text AS destination
                FROM \(sources[event]!) m JOIN \(relation) t ON t.\(column.name.identifier)::pg_catalog.text\(TableSource.collation)
                    OPERATOR(pg_catalog.=) m.\(mapping.from.name.identifier)::pg_catalog.text\(TableSource.collation)
                """
            let names = (self.key + [column]).map { "(\($0.number), \($0.name.literal))" }.joined(separator: ", ")
            // Where something is not called as it was, all rows are looked at, for all branches.
            let numbers = self.key.map { "\($0.number)" }.joined(separator: ", ")
            let anyKey = self.key.indices.map { "t.\(Self.name($0))::pg_catalog.text COLLATE pg_catalog.\"C\"" }
            let everything = Self.template(
                CaptureSQL.log(
                    "u",
                    "SELECT ARRAY[\(anyKey.joined(separator: ", "))] AS key, '\(ChangeRange.everybody)' AS destination FROM \(Self.name(self.key.count)) t",
                    of: tableID))
            let present = self.key.indices.map { "present[\($0 + 1)]" }.joined(separator: ", ")
            let isTouched = event == "truncate" ? "" : "EXISTS (SELECT FROM \(sources[event]!) m) AND "
            let function = """
                CREATE OR REPLACE FUNCTION \(CaptureMapping.function(event, tableID))() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER \(settings.map { "SET \($0)" }.joined(separator: " "))
                AS $function$
                DECLARE
                    present pg_catalog.text[];
                BEGIN
                    IF \(route.isThere!) AND NOT EXISTS (
                        SELECT FROM (VALUES \(names)) k (number, name) LEFT JOIN pg_catalog.pg_attribute a
                            ON a.attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(\(relation.literal))
                            AND a.attnum OPERATOR(pg_catalog.=) k.number AND a.attname OPERATOR(pg_catalog.=) k.name
                        WHERE a.attname IS NULL)
                    THEN
                        \(CaptureSQL.log("u", lines, of: tableID));
                        \(noteMoves(mapping, sources[event]!))
                        \(CaptureSQL.stir)
                    ELSE
                        present := ARRAY(SELECT pg_catalog.quote_ident(a.attname)
                            FROM pg_catalog.unnest(ARRAY[\(numbers)]) WITH ORDINALITY k (number, n)
                            JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) \(mapping.routed)::pg_catalog.oid
                                AND a.attnum OPERATOR(pg_catalog.=) k.number AND NOT a.attisdropped
                            ORDER BY k.n);
                        IF \(isTouched)pg_catalog.cardinality(present) OPERATOR(pg_catalog.=) \(self.key.count) THEN
                            EXECUTE pg_catalog.format($query$\(everything)$query$, \(present),
                                \(mapping.routed)::pg_catalog.oid::pg_catalog.regclass);
                            \(CaptureSQL.stir)
                        END IF;
                    END IF;
                    RETURN NULL;
                END
                $function$
                """
            let trigger = """
                CREATE OR REPLACE TRIGGER \(CaptureMapping.trigger(event, tableID))
                    \(event == "truncate" ? "BEFORE" : "AFTER") \(event.uppercased()) ON \(mapping.relation)
                    \(references[event]!) FOR EACH STATEMENT EXECUTE FUNCTION \(CaptureMapping.function(event, tableID))()
                """
            return [function, trigger]
        }
    }
}
