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
    ///   - image: SQL for its row as it was; nil: there was none, or nobody needs it.
    func row(
        key: String, isDelete: Bool, wasAbsent: String, image: String?, when condition: String? = nil
    ) -> [String] {
        let when = ([Self.isOwnChange] + (condition.map { [$0] } ?? [])).joined(separator: " AND ")
        let base = image.map { "CASE WHEN \(wasAbsent) THEN NULL ELSE \($0) END" } ?? "NULL"
        return [
            """
            UPDATE trunkline_shared_row SET \(assignments(isDelete, wasAbsent, base))
            WHERE table_id = \(table.id) AND key = \(key) AND \(when);
            """,
            """
            INSERT INTO trunkline_shared_row (table_id, key, clock, office, noted_at, is_deleted, is_dirty, base_absent, base_image, base_joining, base_since)
            SELECT \(table.id), \(key), \(Self.now), '\(office)', \(Self.now), \(isDelete ? 1 : 0), \(isDirty), \(wasAbsent), \(base), \(isUnseen(key)), \(since)
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
        return Self.joined(differences[...], "OR")
    }

    /// In pairs of pairs: SQLite limits how deep an expression may be.
    private static func joined(_ terms: ArraySlice<String>, _ operation: String) -> String {
        guard terms.count > 1 else { return "(\(terms.first ?? "0"))" }
        let middle = terms.startIndex + terms.count / 2
        return "(\(joined(terms[..<middle], operation)) \(operation) \(joined(terms[middle...], operation)))"
    }

    // MARK: Rows that a statement evicts

    // Before a row is written nobody can say what becomes of those that are in its way: REPLACE evicts them, an upsert
    // updates one of them, and IGNORE leaves all as they are. So they are noted before, and given versions after.

    private var noted: String { "trunkline_evicting WHERE table_id = \(table.id)" }

    /// Before a row is written.
    var forgetEvicted: String { "DELETE FROM \(noted);" }

    /// Before a row is written: notes rows that are in its way.
    /// - Parameters:
    ///   - alias: of the table.
    ///   - condition: which of its rows.
    func noteEvicted(as alias: String, where condition: String) -> String {
        let key = KeyText.expression(of: shape, row: alias)
        return """
            INSERT INTO trunkline_evicting (table_id, key, image)
            SELECT \(table.id), \(key), \(image(alias) ?? "NULL") FROM \(TableName.quoted(shape.name)) AS \(alias)
            WHERE \(condition) AND \(Self.isOwnChange) AND NOT EXISTS (SELECT 1 FROM \(noted) AND key = \(key));
            """
    }

    /// After a row was inserted: of that one, which may have taken the place of one of its key.
    func inserted(key: String) -> [String] {
        let wasAbsent = "NOT EXISTS (SELECT 1 FROM \(noted) AND key = \(key))"
        let image = needsImage ? "(SELECT image FROM \(noted) AND key = \(key))" : nil
        return row(key: key, isDelete: false, wasAbsent: wasAbsent, image: image)
    }

    /// After a row was updated: of that one, which may have taken the place of another.
    /// - Parameters:
    ///   - old: SQL for the key that it had.
    ///   - key: SQL for the one that it has.
    func updated(from old: String, to key: String) -> [String] {
        let isMoved = "\(old) <> \(key)"
        let taken = "(SELECT image FROM \(noted) AND key = \(key))"
        return row(
            key: key, isDelete: false,
            wasAbsent: "(\(isMoved) AND NOT EXISTS (SELECT 1 FROM \(noted) AND key = \(key)))",
            image: image("OLD").map { "CASE WHEN \(isMoved) THEN \(taken) ELSE \($0) END" }, when: isChanged)
            + row(key: old, isDelete: true, wasAbsent: "0", image: image("OLD"), when: isMoved)
    }

    /// After a row was written: of the noted ones, but for these keys.
    func evicted(besides keys: [String]) -> [String] {
        let others = "\(noted) AND key NOT IN (\(keys.joined(separator: ", ")))"
        let image = needsImage ? "(SELECT image FROM \(noted) AND key = trunkline_shared_row.key)" : "NULL"
        return [
            """
            UPDATE trunkline_shared_row SET \(assignments(true, "0", image))
            WHERE table_id = \(table.id) AND \(Self.isOwnChange) AND key IN (SELECT key FROM \(others));
            """,
            """
            INSERT INTO trunkline_shared_row (table_id, key, clock, office, noted_at, is_deleted, is_dirty, base_absent, base_image, base_joining, base_since)
            SELECT \(table.id), e.key, \(Self.now), '\(office)', \(Self.now), 1, \(isDirty), 0, e.image, \(isUnseen("e.key")), \(since) FROM (
            SELECT key, image FROM \(others)) AS e
            WHERE \(Self.isOwnChange) AND NOT EXISTS (
            SELECT 1 FROM trunkline_shared_row WHERE table_id = \(table.id) AND key = e.key);
            """,
            forgetEvicted,
        ]
    }

    /// The right sides are of the row as it was.
    private func assignments(_ isDelete: Bool, _ wasAbsent: String, _ image: String) -> String {
        let common =
            "clock = max(clock + 1, \(Self.now)), office = '\(office)', noted_at = \(Self.now), is_deleted = \(isDelete ? 1 : 0)"
        guard office != .head else { return common }
        return """
            \(common), is_dirty = 1, base_clock = CASE WHEN is_dirty THEN base_clock ELSE clock END, \
            base_office = CASE WHEN is_dirty THEN base_office ELSE office END, \
            base_absent = CASE WHEN is_dirty THEN base_absent ELSE \(wasAbsent) END, \
            base_image = CASE WHEN is_dirty THEN base_image ELSE \(image) END, \
            base_joining = CASE WHEN is_dirty THEN base_joining ELSE \(isUnseen("trunkline_shared_row.key")) END, \
            base_since = CASE WHEN is_dirty THEN base_since ELSE max(clock + 1, \(Self.now)) END
            """
    }

    private var needsImage: Bool { office != .head && table.conflict?.needsBase == true }

    /// SQL: whether the head has not seen yet what is changed: its table joins, or the row could not leave this office.
    private func isUnseen(_ key: String) -> String {
        guard office != .head else { return "0" }
        return """
            (\(Joins.isUnseen("\(table.id)")) OR EXISTS (SELECT 1 FROM trunkline_set_aside_notice \
            WHERE table_name = '\(table.name.description.doubling("'"))' AND local_key = \(key) AND origin = 'sender'))
            """
    }

    private var isDirty: Int { office == .head ? 0 : 1 }

    /// Of a row of which nothing was known.
    private var since: String { office == .head ? "NULL" : Self.now }

    /// SQL for a row's values, behind the names of their columns; NULL where they are too long to travel with a change. nil:
    /// nobody needs them.
    func image(_ row: String) -> String? {
        guard needsImage else { return nil }
        let names = RowKey(shape.columns.map(\.name)).description
        let values = KeyText.expression(of: shape.columns.map(\.name), row: row)
        let lengths = shape.columns.map { "ifnull(length(CAST(\(row).\(TableName.quoted($0.name)) AS BLOB)), 0)" }
        let isLong = "\(Self.joined(lengths[...], "+")) > \(SharedLimit.rowBytes)"
        return "CASE WHEN \(isLong) THEN NULL ELSE '\(names.doubling("'"))' || char(10) || \(values) END"
    }
}
