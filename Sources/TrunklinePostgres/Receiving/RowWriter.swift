import FoundationEssentials
internal import TrunklineCore

/// Stores the lines of one stream's batch into the receiver's tables, within the caller's transaction.
///
/// The fast way first: everything at once, in one savepoint; COPY straight into the table where the
/// batch says that all rows are new, else a merge. When the data of some row is to blame, one block in the server
/// (``RowWriter/isolate(_:)``) takes the lines one by one and says which ones could not be stored.
///
/// The user's triggers, defaults and checks see what they see in the user's own sessions: the search path, time zone and
/// date style of the database and the role, not ours.
final class RowWriter {
    let connection: PostgresConnection
    let stream: StreamID
    /// Staging tables that hold something in this transaction; nil after a rollback, when any of them may.
    private var staged: Set<Int>? = []

    /// The lines of one table, rows or deletes, and the table.
    struct Piece {
        var group: LineGroup
        var target: Target

        var isCopyable: Bool {
            !group.isDelete && group.table.allNew && target.circular.isEmpty
                && !target.columns.contains(where: \.fit.isUTC)
        }
        var isCircular: Bool { !group.isDelete && !target.circular.isEmpty }
    }

    init(_ connection: PostgresConnection, _ stream: StreamID) {
        self.connection = connection
        self.stream = stream
    }

    private static let usersSettings =
        "SET LOCAL search_path TO DEFAULT; SET LOCAL timezone TO DEFAULT; SET LOCAL datestyle TO DEFAULT; SET LOCAL intervalstyle TO DEFAULT; SET LOCAL lock_timeout TO '\(rowPatience)ms'"
    private static let ourSettings =
        "SET LOCAL search_path TO ''; SET LOCAL timezone TO 'UTC'; SET LOCAL datestyle TO 'ISO, YMD'; SET LOCAL intervalstyle TO 'iso_8601'; SET LOCAL lock_timeout TO '\(PostgresStore.lockPatience)s'"
    /// How long a row is waited for that another session has locked, in milliseconds: well below the server's
    /// `deadlock_timeout` of one second, after which it would end a program's transaction that waits for a row of ours.
    static let rowPatience = 300

    /// Stores what can be stored. Rows that another session has locked are not waited for: they keep nobody else's back.
    /// - Parameter individually: whether trying all at once first is of no use.
    /// - Returns: the lines that could not.
    func store(_ given: [Piece], individually: Bool) throws(StoreError) -> [LineFailure] {
        var pieces = given
        var failures: [LineFailure] = []
        if !individually {
            switch try attempt(pieces) {
            case .stored: return []
            case .failed: break
            case .locked:
                failures = try takeLocked(outOf: &pieces)
                if case .stored = try attempt(pieces) { return failures }
            }
        }
        guard !pieces.isEmpty else { return failures }
        try connection.script("\(Self.usersSettings); SET CONSTRAINTS ALL IMMEDIATE", "store rows")
        failures += try isolate(pieces)
        if failures.contains(where: { RowWriter.ofStalePlans.contains($0.code ?? "") }) { connection.isStale = true }
        try connection.script(Self.ourSettings, "store rows")
        return failures
    }

    private enum Attempt {
        case stored
        /// Some row cannot be stored.
        case failed
        /// Some row is locked.
        case locked
    }

    /// All at once.
    private func attempt(_ pieces: [Piece]) throws(StoreError) -> Attempt {
        guard !pieces.isEmpty else { return .stored }
        if pieces.contains(where: \.isCopyable) {
            let copied = try attempt(pieces, copying: true)
            if case .failed = copied {} else { return copied }
        }
        return try attempt(pieces, copying: false)
    }

    /// The lines whose rows another session has locked; the others' are locked for us.
    private func takeLocked(outOf pieces: inout [Piece]) throws(StoreError) -> [LineFailure] {
        var failures: [LineFailure] = []
        for index in pieces.indices {
            let keys = pieces[index].group.lines.map(\.key)
            let locked = try KeyedRows(pieces[index].target, stream, connection).lockOthers(keys)
            failures += pieces[index].group.take(at: locked).map {
                LineFailure(line: $0, reason: Self.lockedReason, code: StoreError.lockedCode)
            }
        }
        pieces.removeAll(where: \.group.bytes.isEmpty)
        return failures
    }

    static let lockedReason = "another session has the row locked; it is tried again by itself"

    private func attempt(_ pieces: [Piece], copying: Bool) throws(StoreError) -> Attempt {
        try connection.script(
            "SAVEPOINT batch; \(Self.usersSettings); SET CONSTRAINTS ALL DEFERRED", "store rows")
        do throws(StoreError) {
            for piece in pieces {
                if copying && piece.isCopyable {
                    try copy(piece)
                } else if piece.group.isDelete {
                    try delete(piece)
                } else {
                    try merge(piece, withoutCircular: piece.isCircular)
                }
            }
            for piece in pieces where piece.isCircular { try merge(piece) }
            try connection.script(
                "SET CONSTRAINTS ALL IMMEDIATE; RELEASE batch; \(Self.ourSettings)", "store rows")
            return .stored
        } catch {
            guard error.isOfRowOrTable || error.isOfLock, connection.isOpen else { throw error }
            // The settings are those from before the savepoint again.
            try connection.script("ROLLBACK TO batch; RELEASE batch", "store rows")
            forgetStages()
            return error.isOfLock ? .locked : .failed
        }
    }

    /// COPY straight into the table.
    private func copy(_ piece: Piece) throws(StoreError) {
        let target = piece.target
        let sql = "COPY \(target.relation) (\(target.filledColumns.joined(separator: ", "))) FROM STDIN"
        let prefix = target.additions.flatMap { "\($0.value(in: stream))\t".utf8 }
        let copied = try connection.copyIn(sql, "copy rows") { send in
            guard !prefix.isEmpty else {
                piece.group.bytes.withUnsafeBytes(send)
                return
            }
            var buffer: [UInt8] = []
            buffer.reserveCapacity(80 << 10)
            piece.group.bytes.withUnsafeBufferPointer { bytes in
                var start = 0
                while start < bytes.count {
                    let rest = UnsafeBufferPointer(rebasing: bytes[start...])
                    let end = start + (rest.firstIndex(of: UInt8(ascii: "\n"))! + 1)
                    buffer += prefix
                    buffer += UnsafeBufferPointer(rebasing: bytes[start..<end])
                    start = end
                    if buffer.count > 64 << 10 {
                        buffer.withUnsafeBytes(send)
                        buffer.removeAll(keepingCapacity: true)
                    }
                }
            }
            buffer.withUnsafeBytes(send)
        }
        if copied < piece.group.count { throw RowWriter.skipped(piece) }
    }

    /// Inserts, or updates what is there.
    private func merge(_ piece: Piece, withoutCircular: Bool = false) throws(StoreError) {
        let source = try source(piece.group, columns: piece.target.columns.count)
        let conflict = conflict(piece.target, withoutCircular: withoutCircular)
        let merged = try connection.run(
            upsert(piece.target, withoutCircular: withoutCircular) { "s.\($0)" }
                + " FROM \(source.sql) s\(order(piece.target))"
                + conflict.sql,
            source.values, "merge rows")
        if conflict.updates, merged.affectedRows < piece.group.count { throw RowWriter.skipped(piece) }
    }

    /// Rows are locked in the order of their keys, as programs do that lock several: whoever does finds no deadlock.
    private func order(_ target: Target) -> String {
        let key = target.key.compactMap { name in target.columns.firstIndex { $0.name == name } }.map { index in
            target.columns[index].fit.cast("s.c\(index + 1)", target.columns[index].castType)
        }
        return key.isEmpty ? "" : " ORDER BY \(key.joined(separator: ", "))"
    }

    private func delete(_ piece: Piece) throws(StoreError) {
        let source = try source(piece.group, columns: piece.target.key.count)
        let match = match(piece.target) { "s.\($0)" }
        try checkReferring(piece, "FROM \(piece.target.relation) t JOIN \(source.sql) s ON \(match)", source.values)
        let deleted = try connection.run(
            "DELETE FROM \(piece.target.relation) t USING \(source.sql) s WHERE \(match)", source.values, "delete rows")
        guard deleted.affectedRows < piece.group.count else { return }
        let left = try connection.run(
            "SELECT EXISTS (SELECT FROM \(piece.target.relation) t JOIN \(source.sql) s ON \(match))", source.values,
            "look for rows that are still there")
        if left.flag(0, 0) { throw RowWriter.skipped(piece) }
    }

    /// - Parameter rows: SQL for the rows `t` that are about to be deleted. A program that makes a row refer to one of them
    ///   holds a lock on it: whatever it commits is seen once they are locked.
    private func checkReferring(_ piece: Piece, _ rows: String, _ values: [String?]) throws(StoreError) {
        let referring = try ReferringRows.find(piece.target, connection)
        guard !referring.isEmpty || piece.group.table.isShared else { return }
        let key = piece.target.key.map { "t.\($0.identifier)" }.joined(separator: ", ")
        try connection.run("SELECT \(rows) ORDER BY \(key) FOR UPDATE OF t", values, "lock rows")
        guard !referring.isEmpty else { return }
        let exist = referring.map { "coalesce(bool_or(\($0.exist)), false)" }.joined(separator: ", ")
        let found = try connection.run("SELECT \(exist) \(rows)", values, "look for rows that refer to others")
        guard let index = referring.indices.first(where: { found.flag(0, $0) }) else { return }
        throw StoreError(
            .database, operation: "store rows", subject: "table \"\(piece.group.table.name)\"",
            reason: referring[index].reason(at: stream.destination), databaseCode: ReferringRows.code)
    }

    /// A plan of a trigger's, or of ours, that was made before a table of it got other types, fails as long as its session
    /// lasts.
    private static let ofStalePlans: Set<String> = ["42804", "0A000", "XX000"]

    /// What a trigger that returns NULL, or a rule, does with a row. `no_data` is the nearest code of the standard.
    static let skippedCode = "02000"
    static let skippedReason = "a trigger or a rule of this database passed the row over"

    private static func skipped(_ piece: Piece) -> StoreError {
        StoreError(
            .database, operation: "store rows", subject: "table \"\(piece.group.table.name)\"", reason: skippedReason,
            databaseCode: skippedCode)
    }

    /// `INSERT INTO … SELECT …`, the columns c1, c2, … taken from where `value` says.
    func upsert(_ target: Target, withoutCircular: Bool, _ value: (String) -> String) -> String {
        let values =
            target.additions.map { $0.value(in: stream).literal }
            + target.columns.enumerated().map { index, column in
                withoutCircular && target.circular.contains(column.name)
                    ? "NULL::\(column.castType)" : column.fit.cast(value("c\(index + 1)"), column.castType)
            }
        return """
            INSERT INTO \(target.relation) AS t (\(target.filledColumns.joined(separator: ", "))) OVERRIDING SYSTEM VALUE
            SELECT \(values.joined(separator: ", "))
            """
    }

    /// A row whose key is equal and has another text is written anew, since that is how the sender names its row from now
    /// on; but where the sender may have both: to it that is another row, or gone, and then its delete follows.
    /// - Parameter gone: lines of deletes whose rows are written anew all the same.
    func conflict(_ target: Target, withoutCircular: Bool, gone: [ReceivedLine] = []) -> (sql: String, updates: Bool) {
        let key = (target.additions.map(\.column) + target.key).map(\.identifier)
        let updates = target.columns.map(\.name).filter { !target.key.contains($0) || target.inexactKey[$0] != nil }
            .map { "\($0.identifier) = EXCLUDED.\($0.identifier)" }
        let isUpdate = !withoutCircular && !updates.isEmpty
        let same = target.twinKey.map { RowWriter.haveOneText("t.\($0.identifier)", "EXCLUDED.\($0.identifier)") }
        let replaced = gone.map { line in
            "(\(match(target) { column in "\((line.key.values[Int(column.dropFirst())! - 1] ?? "").literal)::text" }))"
        }
        let condition =
            same.isEmpty
            ? "" : " WHERE (\(same.joined(separator: " AND ")))\(replaced.map { " OR \($0)" }.joined())"
        let action = isUpdate ? "DO UPDATE SET \(updates.joined(separator: ", "))\(condition)" : "DO NOTHING"
        return (" ON CONFLICT (\(key.joined(separator: ", "))) \(action)", isUpdate)
    }

    func match(_ target: Target, _ value: (String) -> String) -> String {
        let match = target.key.enumerated().map { index, name in
            let known = target.columns.first { $0.name == name }!
            let (column, text) = ("t.\(name.identifier)", value("c\(index + 1)"))
            let cast = known.fit.cast(text, known.castType)
            guard let full = target.inexactKey[name] else { return "\(column) = \(cast)" }
            return "\(column) = \(cast) AND \(RowWriter.haveOneText(column, "\(text)::\(full)"))"
        }
        return (target.conditions(in: stream, of: "t") + match).joined(separator: " AND ")
    }

    private static func haveOneText(_ first: String, _ second: String) -> String {
        "format('%s', \(first)) COLLATE \"C\" = format('%s', \(second)) COLLATE \"C\""
    }

    /// In SQL: the first column of the key that tells a line from the row here that has its key; NULL: no row has, or none
    /// tells them apart.
    /// - Parameter value: of the line, by the number of the column.
    func clash(_ target: Target, _ value: (String) -> String) -> String {
        let twins = target.twinKey
        guard !twins.isEmpty else { return "NULL" }
        let key = target.columns.enumerated().filter { target.key.contains($0.element.name) }
        let equal = key.map { index, column in
            "t.\(column.name.identifier) = \(column.fit.cast(value("c\(index + 1)"), column.castType))"
        }
        let differing = key.filter { twins.contains($0.element.name) }.map { index, column in
            let text = "\(value("c\(index + 1)"))::\(target.inexactKey[column.name]!)"
            return
                "WHEN NOT (\(RowWriter.haveOneText("t.\(column.name.identifier)", text))) THEN \(column.name.literal)"
        }
        return """
            (SELECT CASE \(differing.joined(separator: " ")) END FROM \(target.relation) t
                WHERE \((target.conditions(in: stream, of: "t") + equal).joined(separator: " AND ")))
            """
    }

    /// The lines as a relation of text columns c1, c2, …; text, so that every value gets in and the cast to the target's
    /// type decides. A few lines are parameters of the statement itself, many a staging table.
    private func source(_ group: LineGroup, columns: Int) throws(StoreError) -> (sql: String, values: [String?]) {
        if let values = RowWriter.parameters(group, columns: columns) {
            let rows = stride(from: 0, to: values.count, by: columns).map { start in
                "(" + (0..<columns).map { "$\(start + $0 + 1)::text" }.joined(separator: ", ") + ")"
            }
            let names = (1...columns).map { "c\($0)" }.joined(separator: ", ")
            return ("(SELECT * FROM (VALUES \(rows.joined(separator: ", "))) AS v (\(names)))", values)
        }
        return ("(SELECT * FROM \(try stage(group.bytes, columns: columns)))", [])
    }

    /// Nil when there are too many, or when one cannot be a parameter: a NUL would end it.
    private static func parameters(_ group: LineGroup, columns: Int) -> [String?]? {
        guard group.bytes.count <= 16 << 10, columns <= 200 else { return nil }
        var values: [String?] = []
        for line in group.bytes.split(separator: UInt8(ascii: "\n")) {
            values += CopyText.fields(line)
            guard values.count <= 400 else { return nil }
        }
        // An empty line is a row of one empty value, which `split` leaves out.
        guard !values.isEmpty, values.count.isMultiple(of: columns),
            values.count / columns == group.bytes.count(where: { $0 == UInt8(ascii: "\n") }),
            !values.contains(where: { $0?.utf8.contains(0) ?? false })
        else { return nil }
        return values
    }

    /// After a rollback.
    func forgetStages() { staged = nil }

    /// A temporary table of text columns that holds just these lines.
    func stage(_ bytes: ArraySlice<UInt8>, columns: Int) throws(StoreError) -> String {
        let name = "pg_temp.trunkline_stage_\(columns)"
        let list = (1...columns).map { "c\($0) text" }.joined(separator: ", ")
        let isEmpty = staged?.insert(columns).inserted ?? false
        let emptying = isEmpty ? "" : "; TRUNCATE \(name)"
        try connection.script(
            "CREATE TEMPORARY TABLE IF NOT EXISTS trunkline_stage_\(columns) (\(list)) ON COMMIT DELETE ROWS\(emptying)",
            "make staging table")
        try connection.copyIn("COPY \(name) FROM STDIN", "stage rows") { send in bytes.withUnsafeBytes(send) }
        return name
    }
}
