import FoundationEssentials
internal import TrunklineCore

/// Stores the lines of one stream's batch into the receiver's tables, within the caller's transaction.
///
/// The fast way first: everything at once, in one savepoint; COPY straight into the table where the
/// batch says that all rows are new, else COPY into a staging table and merge. When the data of
/// some row is to blame, the rows are halved again and again until the bad ones stand alone.
final class RowWriter {
    let connection: PostgresConnection
    let stream: StreamID
    /// Staging tables used in this transaction.
    private var staged: Set<Int> = []

    /// One row or delete of a batch.
    struct Line {
        var table: TableHeader
        var isDelete: Bool
        /// With its newline.
        var text: ArraySlice<UInt8>

        var key: RowKey {
            let fields = CopyText.fields(text)
            guard !isDelete else { return RowKey(fields) }
            return RowKey(table.key.map { name in fields[table.columns.firstIndex { $0.name == name }!] })
        }
    }

    /// A line that cannot be stored, and why.
    struct Failure {
        var line: Line
        var reason: String
        var code: String?
    }

    /// The lines of one table, rows or deletes.
    struct Group {
        var table: TableHeader
        var target: Target
        var isDelete: Bool
        /// All lines, one after the other.
        var bytes: ArraySlice<UInt8>

        var lines: [Line] { bytes.lines(of: table, isDelete: isDelete) }
    }

    init(_ connection: PostgresConnection, _ stream: StreamID) {
        self.connection = connection
        self.stream = stream
    }

    /// Stores what can be stored.
    /// - Returns: the lines that could not.
    func store(_ groups: [Group]) throws(StoreError) -> [Failure] {
        guard !groups.isEmpty else { return [] }
        if groups.contains(where: { isCopyable($0) }), try attempt(groups, copying: true) { return [] }
        if try attempt(groups, copying: false) { return [] }
        return try isolate(groups)
    }

    private func isCopyable(_ group: Group) -> Bool {
        !group.isDelete && group.table.allNew && group.target.circular.isEmpty
    }

    private func attempt(_ groups: [Group], copying: Bool) throws(StoreError) -> Bool {
        try connection.script("SAVEPOINT batch; SET CONSTRAINTS ALL DEFERRED", "store rows")
        do throws(StoreError) {
            for group in groups {
                if copying && isCopyable(group) {
                    try copy(group)
                } else if group.isDelete {
                    try delete(group, group.bytes)
                } else if !group.target.circular.isEmpty {
                    try merge(group, group.bytes, withoutCircular: true)
                } else {
                    try merge(group, group.bytes)
                }
            }
            for group in groups where !group.isDelete && !group.target.circular.isEmpty {
                try merge(group, group.bytes)
            }
            try connection.script("SET CONSTRAINTS ALL IMMEDIATE; RELEASE batch", "store rows")
            return true
        } catch {
            guard error.blamesData, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO batch; RELEASE batch", "store rows")
            staged = []
            return false
        }
    }

    /// Every line on its own merits. Lines that failed are tried again while that helps: a delete or a
    /// parent may have come after them.
    private func isolate(_ groups: [Group]) throws(StoreError) -> [Failure] {
        try connection.script("SET CONSTRAINTS ALL IMMEDIATE", "store rows")
        var failed: [(group: Int, failure: Failure)] = []
        for group in groups where !group.target.circular.isEmpty && !group.isDelete {
            // What fails here fails again below, and is reported there.
            _ = try halve(group, group.lines[...], withoutCircular: true)
        }
        for (index, group) in groups.enumerated() {
            failed += try halve(group, group.lines[...], withoutCircular: false).map { (index, $0) }
        }
        var progress = true
        while progress && !failed.isEmpty && failed.count <= 500 {
            progress = false
            var still: [(group: Int, failure: Failure)] = []
            for entry in failed {
                let again = try halve(groups[entry.group], [entry.failure.line], withoutCircular: false)
                if again.isEmpty { progress = true } else { still += again.map { (entry.group, $0) } }
            }
            failed = still
        }
        return failed.map(\.failure)
    }

    private func halve(_ group: Group, _ lines: ArraySlice<Line>, withoutCircular: Bool) throws(StoreError) -> [Failure]
    {
        guard let first = lines.first else { return [] }
        try connection.script("SAVEPOINT piece", "store rows")
        do throws(StoreError) {
            let bytes = lines.count == 1 ? first.text : lines.reduce(into: [UInt8]()) { $0 += $1.text }[...]
            if group.isDelete {
                try delete(group, bytes)
            } else {
                try merge(group, bytes, withoutCircular: withoutCircular)
            }
            try connection.script("RELEASE piece", "store rows")
            return []
        } catch {
            guard error.blamesData, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO piece; RELEASE piece", "store rows")
            staged = []
            guard lines.count > 1 else { return [Failure(line: first, reason: error.reason, code: error.databaseCode)] }
            let middle = lines.startIndex + lines.count / 2
            return try halve(group, lines[..<middle], withoutCircular: withoutCircular)
                + halve(group, lines[middle...], withoutCircular: withoutCircular)
        }
    }

    /// COPY straight into the table.
    private func copy(_ group: Group) throws(StoreError) {
        let target = group.target
        let names = (target.hasBranchColumn ? ["branch_id"] : []) + target.columns.map(\.name.identifier)
        let sql = "COPY \(target.relation) (\(names.joined(separator: ", "))) FROM STDIN"
        let prefix = target.hasBranchColumn ? Array("\(stream.source)\t".utf8) : []
        try connection.copyIn(sql, "copy rows") { send in
            guard !prefix.isEmpty else {
                group.bytes.withUnsafeBytes(send)
                return
            }
            var piece: [UInt8] = []
            piece.reserveCapacity(80 << 10)
            group.bytes.withUnsafeBufferPointer { bytes in
                var start = 0
                while start < bytes.count {
                    let rest = UnsafeBufferPointer(rebasing: bytes[start...])
                    let end = start + (rest.firstIndex(of: UInt8(ascii: "\n"))! + 1)
                    piece += prefix
                    piece += UnsafeBufferPointer(rebasing: bytes[start..<end])
                    start = end
                    if piece.count > 64 << 10 {
                        piece.withUnsafeBytes(send)
                        piece.removeAll(keepingCapacity: true)
                    }
                }
            }
            piece.withUnsafeBytes(send)
        }
    }

    /// COPY into the staging table, then upsert.
    private func merge(_ group: Group, _ bytes: ArraySlice<UInt8>, withoutCircular: Bool = false) throws(StoreError) {
        let target = group.target
        let stage = try stage(bytes, columns: target.columns.count)
        let branch = target.hasBranchColumn
        let names = (branch ? ["branch_id"] : []) + target.columns.map(\.name.identifier)
        let values =
            (branch ? [stream.source.description.literal] : [])
            + target.columns.enumerated().map { index, column in
                withoutCircular && target.circular.contains(column.name)
                    ? "NULL::\(column.castType)" : "c\(index + 1)::\(column.castType)"
            }
        let key = (branch ? ["branch_id"] : []) + target.key.map(\.identifier)
        let updates = target.columns.map(\.name).filter { !target.key.contains($0) }
            .map { "\($0.identifier) = EXCLUDED.\($0.identifier)" }
        let conflict =
            withoutCircular || updates.isEmpty ? "DO NOTHING" : "DO UPDATE SET \(updates.joined(separator: ", "))"
        try connection.script(
            """
            INSERT INTO \(target.relation) (\(names.joined(separator: ", "))) OVERRIDING SYSTEM VALUE
            SELECT \(values.joined(separator: ", ")) FROM \(stage) ON CONFLICT (\(key.joined(separator: ", "))) \(conflict)
            """, "merge rows")
    }

    private func delete(_ group: Group, _ bytes: ArraySlice<UInt8>) throws(StoreError) {
        let target = group.target
        let stage = try stage(bytes, columns: target.key.count)
        let match = target.key.enumerated().map { index, name in
            let type = target.columns.first { $0.name == name }!.castType
            return "t.\(name.identifier) = s.c\(index + 1)::\(type)"
        }
        let branch = target.hasBranchColumn ? ["t.branch_id = \(stream.source.description.literal)"] : []
        try connection.script(
            "DELETE FROM \(target.relation) t USING \(stage) s WHERE \((branch + match).joined(separator: " AND "))",
            "delete rows")
    }

    /// A temporary table of text columns that holds just these lines; text, so that every value gets in
    /// and the cast to the target's type decides.
    private func stage(_ bytes: ArraySlice<UInt8>, columns: Int) throws(StoreError) -> String {
        let name = "pg_temp.trunkline_stage_\(columns)"
        if staged.insert(columns).inserted {
            let list = (1...columns).map { "c\($0) text" }.joined(separator: ", ")
            try connection.script(
                "CREATE TEMPORARY TABLE IF NOT EXISTS trunkline_stage_\(columns) (\(list)) ON COMMIT DELETE ROWS",
                "make staging table")
        }
        try connection.script("TRUNCATE \(name)", "empty staging table")
        try connection.copyIn("COPY \(name) FROM STDIN", "stage rows") { send in bytes.withUnsafeBytes(send) }
        return name
    }
}
