internal import GRDB
internal import TrunklineCore

/// Keeps the rows of this office that a recovery replaces or drops.
struct SupersededRows {
    let stream: StreamID
    let db: Database

    func keep(_ group: LineGroup) throws {
        let mapping = TableMapping(group.table, of: stream)
        guard let shape = try TableKind.find(mapping.target.inSQLite, in: db).shape else { return }
        let table = TableName.quoted(shape.name)
        let additions = mapping.additions.count
        let own = shape.conditions(onKey: mapping.targetKey) { "?\($0 - additions + 1)" }.dropFirst(additions)
        let conditions = (own + mapping.conditions(in: stream)).joined(separator: " AND ")
        let insert = try db.makeStatement(
            sql: """
                INSERT INTO trunkline_superseded_row (stream, table_name, row, reason, at)
                SELECT '\(stream.description.doubling("'"))', '\(group.table.name.description.doubling("'"))',
                    \(RowJSON.expression(of: shape.columns.map(\.name))), '\(RecoveryReason.senderWon(in: stream).doubling("'"))', \(Timestamp.now)
                FROM \(table) WHERE \(conditions)
                """)
        let columns = group.table.columns
        let list = columns.map { TableName.quoted($0.name) }.joined(separator: ", ")
        let present = try db.makeStatement(sql: "SELECT \(list) FROM \(table) WHERE \(conditions)")
        let kinds = columns.map { WireKind(wireType: $0.type) }
        let keyKinds = group.table.key.map { name in WireKind(wireType: columns.first { $0.name == name }!.type) }
        for line in group.lines {
            let key = zip(line.key.values, keyKinds).map { FieldReader.key($0, as: $1) }
            if try !line.isDelete && self.line(present, key, kinds) == Array(line.text) { continue }
            for (index, value) in key.enumerated() { try value.bind(to: insert, at: index + 1) }
            defer { insert.rewind() }
            while try insert.stepOnce(db) {}
        }
    }

    /// The present row as it would travel; nil: there is none.
    private func line(_ present: Statement, _ key: [SQLiteValue], _ kinds: [WireKind]) throws -> [UInt8]? {
        defer { present.rewind() }
        for (index, value) in key.enumerated() { try value.bind(to: present, at: index + 1) }
        guard try present.stepOnce(db) else { return nil }
        var line: [UInt8] = []
        FieldWriter.append(present, kinds, to: &line)
        return line
    }

    func size() throws -> (rows: Int, bytes: Int) {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*), coalesce(sum(length(CAST(row AS BLOB))), 0) FROM trunkline_superseded_row WHERE stream = ?
                """,
            arguments: [stream.description])!
        return (row[0], row[1])
    }
}
