internal import TrunklineCore

/// The statements that give the rows of a shared table their versions, in triggers of the application's own statements.
///
/// A change of a branch is remembered with what it stands on until the head has answered: with the version that the row
/// had, and, where the policy needs it, with the row's image. Core SQL only. None of them has a conflict clause: that of the
/// application's statement would stand in its place.
struct VersionStatement {
    let table: SyncedTable
    let shape: TableShape
    let office: OfficeID

    /// While nobody stores what others changed.
    static let isOwnChange = "NOT EXISTS (SELECT 1 FROM trunkline_merging)"

    private static let now = "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"

    /// Of one row.
    /// - Parameters:
    ///   - key: SQL for its key.
    ///   - wasAbsent: SQL for whether there was no row of it.
    ///   - old: `OLD`, where its row was; nil: there was none.
    func row(
        key: String, isDelete: Bool, wasAbsent: String, from old: String?, when condition: String? = nil
    ) -> [String] {
        let when = ([Self.isOwnChange] + (condition.map { [$0] } ?? [])).joined(separator: " AND ")
        let image = old.flatMap(image) ?? "NULL"
        let base = "CASE WHEN \(wasAbsent) THEN NULL ELSE \(image) END"
        return [
            """
            UPDATE trunkline_shared_row SET \(assignments(isDelete, wasAbsent, base))
            WHERE table_id = \(table.id) AND key = \(key) AND \(when);
            """,
            """
            INSERT INTO trunkline_shared_row (table_id, key, clock, office, is_deleted, is_dirty, base_absent, base_image, base_joining, base_since)
            SELECT \(table.id), \(key), \(Self.now), '\(office)', \(isDelete ? 1 : 0), \(isDirty), \(wasAbsent), \(base), \(isJoining), \(since)
            WHERE \(when) AND NOT EXISTS (
            SELECT 1 FROM trunkline_shared_row WHERE table_id = \(table.id) AND key = \(key));
            """,
        ]
    }

    /// SQL: whether an update changed a value of the row. Values are compared as they are stored, whatever the columns'
    /// collations hold for equal.
    var isChanged: String {
        let differences = shape.columns.map(\.name).map { name in
            let (old, new) = ("OLD.\(TableName.quoted(name))", "NEW.\(TableName.quoted(name))")
            return "\(old) IS NOT \(new) COLLATE BINARY OR typeof(\(old)) <> typeof(\(new))"
        }
        return Self.anyOf(differences[...])
    }

    /// In pairs of pairs: SQLite limits how deep an expression may be.
    private static func anyOf(_ conditions: ArraySlice<String>) -> String {
        guard conditions.count > 1 else { return "(\(conditions.first ?? "0"))" }
        let middle = conditions.startIndex + conditions.count / 2
        return "(\(anyOf(conditions[..<middle])) OR \(anyOf(conditions[middle...])))"
    }

    /// Of rows that a statement is about to evict.
    /// - Parameters:
    ///   - alias: of the table.
    ///   - condition: which of its rows.
    func evicted(as alias: String, where condition: String) -> [String] {
        let key = KeyText.expression(of: shape, row: alias)
        let source = "\(TableName.quoted(shape.name)) AS \(alias)"
        let image = image(alias) ?? "NULL"
        let ofEntry =
            image == "NULL"
            ? image
            : "(SELECT \(image) FROM \(source) WHERE \(condition) AND \(key) = trunkline_shared_row.key)"
        return [
            """
            UPDATE trunkline_shared_row SET \(assignments(true, "0", ofEntry))
            WHERE table_id = \(table.id) AND \(Self.isOwnChange) AND key IN (
            SELECT \(key) FROM \(source) WHERE \(condition));
            """,
            """
            INSERT INTO trunkline_shared_row (table_id, key, clock, office, is_deleted, is_dirty, base_absent, base_image, base_joining, base_since)
            SELECT \(table.id), evicted, \(Self.now), '\(office)', 1, \(isDirty), 0, image, \(isJoining), \(since) FROM (
            SELECT \(key) AS evicted, \(image) AS image FROM \(source) WHERE \(condition))
            WHERE \(Self.isOwnChange) AND NOT EXISTS (
            SELECT 1 FROM trunkline_shared_row WHERE table_id = \(table.id) AND key = evicted);
            """,
        ]
    }

    /// The right sides are of the row as it was.
    private func assignments(_ isDelete: Bool, _ wasAbsent: String, _ image: String) -> String {
        let common =
            "clock = max(clock + 1, \(Self.now)), office = '\(office)', is_deleted = \(isDelete ? 1 : 0)"
        guard office != .head else { return common }
        return """
            \(common), is_dirty = 1, base_clock = CASE WHEN is_dirty THEN base_clock ELSE clock END, \
            base_office = CASE WHEN is_dirty THEN base_office ELSE office END, \
            base_absent = CASE WHEN is_dirty THEN base_absent ELSE \(wasAbsent) END, \
            base_image = CASE WHEN is_dirty THEN base_image ELSE \(image) END, \
            base_joining = CASE WHEN is_dirty THEN base_joining ELSE \(isJoining) END, \
            base_since = CASE WHEN is_dirty THEN base_since ELSE max(clock + 1, \(Self.now)) END
            """
    }

    private var isJoining: String { office == .head ? "0" : "(\(Joins.isLoading("\(table.id)")))" }

    private var isDirty: Int { office == .head ? 0 : 1 }

    /// Of a row of which nothing was known.
    private var since: String { office == .head ? "NULL" : Self.now }

    /// SQL for a row's values, behind the names of their columns; nil: nobody needs them.
    private func image(_ row: String) -> String? {
        guard office != .head, table.conflict?.needsBase == true else { return nil }
        let names = RowKey(shape.columns.map(\.name)).description
        return "'\(names.doubling("'"))' || char(10) || \(KeyText.expression(of: shape.columns.map(\.name), row: row))"
    }
}
