internal import TrunklineCore

/// What the triggers of a shared table do besides: they give its rows their versions.
///
/// A change of a branch is remembered with what it stands on until the head has answered: with the version that the row
/// had, and, where the policy needs it, with the row as it was.
struct VersionSQL {
    var tableID: Int
    var office: OfficeID
    var policy: ConflictPolicy

    /// While somebody stores what others changed.
    static let isMerging = "pg_catalog.current_setting('trunkline.merging', true) OPERATOR(pg_catalog.=) 'on'"

    /// What a transaction of ours says when it does.
    static let merging = "SET LOCAL trunkline.merging = 'on'"
    static let mergingNoMore = "SET LOCAL trunkline.merging = 'off'"

    private static let now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

    /// Rows that a statement changed, as they were or as they are.
    struct Rows {
        /// SQL for a row's key.
        var key: String
        var row: String
        /// What stands behind FROM; empty: `row` is a record of its own.
        var source: String
    }

    func inserted(_ new: Rows) -> [String] { [statement(keys(of: new), isDelete: "false", wasAbsent: "true")] }

    func deleted(_ old: Rows) -> [String] { [statement(keys(of: old), isDelete: "true", wasAbsent: "false")] }

    /// Where keys stay as they are, each is there before and after. A row that is after as it was before has its version
    /// still: programs write all columns, whatever was changed.
    func updated(_ old: Rows, _ new: Rows) -> [String] {
        let (before, after) = (keys(of: old), keys(of: new))
        let isGone = "NOT EXISTS (SELECT FROM (\(after)) a WHERE a.key = q.key)"
        // Of a type without an equality, such as json, too.
        let isChanged =
            "NOT EXISTS (SELECT FROM (\(whole(new))) a WHERE a.key = q.key AND a.whole OPERATOR(pg_catalog.*=) q.whole)"
        let changed = "SELECT q.key, q.image FROM (\(whole(old))) q WHERE \(isChanged)"
        let isNew =
            "SELECT a.key, NULL::json AS image FROM (\(after)) a WHERE NOT EXISTS (SELECT FROM (\(before)) b WHERE b.key = a.key)"
        return [
            statement(changed, isDelete: isGone, wasAbsent: "false"),
            statement(isNew, isDelete: "false", wasAbsent: "true"),
        ]
    }

    private func keys(of rows: Rows) -> String {
        "SELECT \(rows.key) AS key, \(image(rows)) AS image" + (rows.source.isEmpty ? "" : " FROM \(rows.source)")
    }

    private func whole(_ rows: Rows) -> String {
        "SELECT \(rows.key) AS key, \(image(rows)) AS image, \(rows.row) AS whole"
            + (rows.source.isEmpty ? "" : " FROM \(rows.source)")
    }

    private func image(_ rows: Rows) -> String { isKeepingBase ? "to_json(\(rows.row))" : "NULL::json" }

    private var isKeepingBase: Bool { office != .head && policy.needsBase }

    /// Whether the head has not seen yet what is changed.
    private var isUnseen: String {
        """
        (SELECT trunkline.is_unseen(\(tableID))) \
        OR (SELECT trunkline.has_refused(\(tableID))) AND trunkline.is_refused(\(tableID), q.key)
        """
    }

    private func statement(_ rows: String, isDelete: String, wasAbsent: String) -> String {
        let isBranch = office != .head
        let base =
            isBranch
            ? """
            , is_dirty = true, base_clock = CASE WHEN s.is_dirty THEN s.base_clock ELSE s.clock END,
                base_office = CASE WHEN s.is_dirty THEN s.base_office ELSE s.office END,
                base_absent = CASE WHEN s.is_dirty THEN s.base_absent ELSE EXCLUDED.base_absent END,
                base_image = CASE WHEN s.is_dirty THEN s.base_image ELSE EXCLUDED.base_image END,
                base_joining = CASE WHEN s.is_dirty THEN s.base_joining ELSE EXCLUDED.base_joining END,
                base_since = CASE WHEN s.is_dirty THEN s.base_since ELSE greatest(EXCLUDED.clock, s.clock + 1) END
            """ : ""
        return """
            INSERT INTO trunkline.shared_row AS s
                (table_id, key, clock, office, is_deleted, is_dirty, base_absent, base_image, base_joining, base_since)
            SELECT \(tableID), q.key, n.at, '\(office)', \(isDelete), \(isBranch), \(wasAbsent),
                \(wasAbsent == "true" ? "NULL::json" : "q.image"),
                \(isBranch ? isUnseen : "false"), \(isBranch ? "n.at" : "NULL::bigint")
            FROM (\(rows)) q, (SELECT \(Self.now) AS at) n
            ON CONFLICT (table_id, key) DO UPDATE SET clock = greatest(EXCLUDED.clock, s.clock + 1),
                office = EXCLUDED.office, is_deleted = EXCLUDED.is_deleted, noted_at = EXCLUDED.noted_at\(base)
            """
    }
}
