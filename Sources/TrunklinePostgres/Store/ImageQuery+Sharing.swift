internal import TrunklineCore

/// What the lines of a shared table say beside its values, as SQL.
struct StampSQL {
    private let table: SyncedTable
    private let columns: [Catalog.TableColumn]
    private let destination: OfficeID
    /// Whether all rows of a piece of the table are said, whatever is known of them.
    private let isLoad: Bool

    /// Nil: the table is not shared.
    init?(_ table: SyncedTable, _ columns: [Catalog.TableColumn], for destination: OfficeID, isLoad: Bool) {
        guard table.conflict != nil else { return nil }
        self.table = table
        self.columns = columns
        self.destination = destination
        self.isLoad = isLoad
    }

    /// Joins what is known of the key of `c`.
    var join: String {
        let row = "LEFT JOIN trunkline.shared_row s ON s.table_id = \(table.id) AND s.key = c.key"
        guard destination != .head else { return row }
        return """
            \(row) LEFT JOIN trunkline.applied_change a
                ON a.table_id = \(table.id) AND a.key = c.key AND a.office = \(destination.description.literal)
            """
    }

    /// Of a row.
    var ofRow: String { destination == .head ? upwards : downwards(isAnswer: "false", isLeave: "false") }

    /// Of a key alone.
    /// - Parameter isThere: whether the stream has its row.
    func ofKey(isThere: String) -> String {
        guard destination != .head else { return upwards }
        // A row that is not for the branch any more leaves it, whoever changed it last.
        return downwards(
            isAnswer: "\(isAsSent) AND (\(isThere))", isLeave: "NOT (\(isThere)) AND NOT coalesce(s.is_deleted, false)")
    }

    /// Whether a row is said.
    var saysRow: String {
        guard isLoad else { return destination == .head ? isDirty : "NOT \(isAsSent)" }
        guard destination == .head else { return "true" }
        // Of those that the head has had, none that nobody has changed since.
        return "(s.clock IS NOT NULL OR NOT (SELECT has_joined FROM trunkline.synced_table WHERE id = \(table.id)))"
    }

    /// Whether a key is said alone.
    /// - Parameter isThere: whether the stream has its row.
    func saysKey(isThere: String) -> String {
        guard destination == .head else {
            return isLoad ? "NOT (\(isThere))" : "(NOT (\(isThere)) OR \(isAsSent))"
        }
        // One that the head has answered is in the log where it may have lost it.
        return "NOT (\(isThere)) AND (\(isDirty) OR coalesce(s.is_deleted, false))"
    }

    private var isDirty: String { "coalesce(s.is_dirty, false)" }

    /// Whether the head's row is as the branch sent it, so that it needs no more than the answer.
    private var isAsSent: String {
        "coalesce(a.standing_clock = s.clock AND a.standing_office = s.office, false)"
    }

    private static func version(_ clock: String, _ office: String) -> String {
        "CASE WHEN \(clock) IS NOT NULL THEN json_build_array(\(clock), \(office)) END"
    }

    private var upwards: String {
        """
        CASE WHEN \(isDirty) THEN json_build_object('v', \(Self.version("s.clock", "s.office")),
            'base', json_build_object('v', \(Self.version("s.base_clock", "s.base_office")), 'absent', s.base_absent, 'since', s.base_since),
            'was', \(base), 'joining', s.base_joining) ELSE json_build_object('v', \(Self.version("s.clock", "s.office"))) END
        """
    }

    private func downwards(isAnswer: String, isLeave: String) -> String {
        """
        json_build_object('v', \(Self.version("s.clock", "s.office")), 'applied', a.clock, 'since', a.since,
            'answer', \(isAnswer), 'leave', \(isLeave))
        """
    }

    /// The row that the branch changed, as it travels.
    private var base: String {
        guard table.conflict?.needsBase == true else { return "NULL::json" }
        let names = columns.map(\.name.literal).joined(separator: ", ")
        let values = columns.map { column in
            let value = "b.\(column.name.identifier)"
            return "CASE WHEN \(value) IS NOT NULL THEN format('%s', \(value)) END"
        }
        return """
            CASE WHEN octet_length(s.base_image::text) <= \(SharedLimit.rowBytes) THEN (
                SELECT json_object_agg(v.name, v.value) FROM (SELECT trunkline.readable_base(NULL::\(table.relation), s.base_image) AS image) r,
                    json_populate_record(NULL::\(table.relation), r.image) b,
                    unnest(ARRAY[\(names)]::text[], ARRAY[\(values.joined(separator: ", "))]::text[]) v (name, value)
                WHERE (r.image -> v.name) IS NOT NULL) END
            """
    }
}
