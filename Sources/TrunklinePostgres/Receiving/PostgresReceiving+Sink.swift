import TrunklineCore

extension PostgresReceiving {
    func assume(_ acceptance: TableAcceptance, of table: TableName) { assumed[table] = acceptance }

    func fit(_ table: TableHeader, of stream: StreamID, for use: TableUse) throws(StoreError) -> TableFit {
        let mapping = TableMapping(table, of: stream)
        var lookup = try lookUp(mapping, for: use)
        if case .missing = lookup, use == .making {
            if let reason = try Target.create(mapping, stream: stream, connection) {
                lookup = .unfit(reason: reason)
            } else {
                lookup = try Target.find(
                    mapping, returning: isReturning, acceptance: assumed[mapping.target], connection)
            }
            fits[mapping] = lookup
            if case .found = lookup { return .made }
        }
        switch lookup {
        case .found: return .fits
        case .missing where use == .making: return .unfit(reason: "table \"\(table.name)\" cannot be made here")
        case .missing: return .missing
        case .unfit(let reason): return .unfit(reason: reason)
        case .refused(let reason): return .refused(reason: reason)
        }
    }

    private func lookUp(_ mapping: TableMapping, for use: TableUse) throws(StoreError) -> Target.Lookup {
        // What is only compared takes no rows.
        if use == .comparing, let planned = try PlannedTable.find(mapping.target, connection) {
            return try Target.find(
                mapping, returning: false, acceptance: .shared(policy: planned.policy), connection)
        }
        if let known = fits[mapping] { return known }
        let lookup = try Target.find(
            mapping, returning: isReturning, acceptance: assumed[mapping.target], connection)
        fits[mapping] = lookup
        return lookup
    }

    func target(
        of table: TableHeader, _ stream: StreamID, for use: TableUse = .storing
    ) throws(StoreError) -> Target {
        guard case .found(let target) = try lookUp(TableMapping(table, of: stream), for: use) else {
            throw StoreError(
                .program, operation: "use table", subject: "table \"\(table.name)\"",
                reason: "its fitness was not looked at")
        }
        return target
    }

    func apply(_ groups: [LineGroup], of stream: StreamID, individually: Bool) throws(StoreError) -> [LineFailure] {
        var failures: [LineFailure] = []
        var pieces: [RowWriter.Piece] = []
        for group in groups {
            var group = group
            failures += group.take(at: Set(group.misfits.keys)).map { Self.misfit($0, stream) }
            guard !group.bytes.isEmpty else { continue }
            let target = try target(of: group.table, stream)
            let inexact = try writer(stream).inexactLines(group, target)
            // No row here has the key of such a delete: there is nothing to do for it.
            let taken = group.take(at: Set(inexact.keys))
            if !group.isDelete {
                failures += zip(taken, inexact.sorted { $0.key < $1.key }).map { line, column in
                    let reason =
                        "column \"\(column.value)\" of \(target.relation) would hold another value than \(TableMapping(group.table, of: stream).origin)'s"
                    return LineFailure(line: line, reason: reason, code: "22000")
                }
            }
            guard !group.bytes.isEmpty else { continue }
            pieces.append(RowWriter.Piece(group: group, target: target))
        }
        return failures + (try writer(stream).store(pieces, individually: individually))
    }

    /// One for the whole transaction: it knows which staging tables it filled.
    func writer(_ stream: StreamID) -> RowWriter {
        if let writer = writers[stream] { return writer }
        let writer = RowWriter(connection, stream)
        writers[stream] = writer
        return writer
    }

    /// To be called when staging tables may be gone.
    func forgetWriters() { writers = [:] }

    /// PostgreSQL's columns hold what their types say, and nothing else.
    private static func misfit(_ line: ReceivedLine, _ stream: StreamID) -> LineFailure {
        let column = line.misfits.keys.min() ?? ""
        let type = line.table.columns.first { $0.name == column }?.type ?? ""
        return LineFailure(
            line: line,
            reason:
                "column \"\(column)\" holds a value that is none of its type \(type), which SQLite allows; correct it at \(TableMapping(line.table, of: stream).origin)",
            code: "22000")
    }

    func keepImages(replacedBy groups: [LineGroup], of stream: StreamID) throws(StoreError) {
        for group in groups {
            let lines = group.lines
            for portion in ReceiverEngine.portions(lines.map(\.text.count)) {
                try keepImages(of: lines[portion], group.table, stream)
            }
        }
    }

    /// A key that the column here cannot hold has no row here: it is found by halves.
    private func keepImages(
        of lines: ArraySlice<ReceivedLine>, _ table: TableHeader, _ stream: StreamID
    ) throws(StoreError) {
        guard !lines.isEmpty else { return }
        try connection.script("SAVEPOINT images", "keep superseded rows")
        do throws(StoreError) {
            try keepImages(replacedBy: lines, table, stream)
            return try connection.script("RELEASE images", "keep superseded rows")
        } catch {
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO images; RELEASE images", "keep superseded rows")
        }
        guard lines.count > 1 else { return }
        let middle = lines.startIndex + lines.count / 2
        try keepImages(of: lines[..<middle], table, stream)
        try keepImages(of: lines[middle...], table, stream)
    }

    /// - Precondition: all of them are rows, or all are deletes.
    private func keepImages(
        replacedBy lines: ArraySlice<ReceivedLine>, _ table: TableHeader, _ stream: StreamID
    ) throws(StoreError) {
        let target = try target(of: table, stream)
        let keys = lines.map(\.key)
        let values = lines.first!.isDelete ? [] : lines.map { $0.values(of: target.columns.map(\.name)) }
        var names = target.key.indices.map { "k\($0 + 1)" }
        var arrays = target.key.indices.map { index in TextArray.encode(keys.map { $0.values[index] ?? "" }) }
        var match = zip(target.key, names).map { column, name in
            let type = target.columns.first { $0.name == column }?.castType ?? "text"
            return "t.\(column.identifier) = k.\(name)::\(type)"
        }
        match += target.conditions(in: stream, of: "t")
        if !values.isEmpty {
            let differences = target.columns.enumerated().map { index, column -> String in
                let (here, sent) = ("t.\(column.name.identifier)", "k.c\(index + 1)")
                return
                    "CASE WHEN \(here) IS NULL THEN \(sent) IS NOT NULL ELSE format('%s', \(here)) IS DISTINCT FROM \(sent) END"
            }
            match.append("(\(differences.joined(separator: " OR ")))")
            names += target.columns.indices.map { "c\($0 + 1)" }
            arrays += target.columns.indices.map { index in TextArray.encode(values.map { $0[index] }) }
        }
        let places = arrays.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
        try connection.run(
            """
            \(RecoveryStatements.putAside)
            SELECT \(stream.description.literal), \(table.name.description.literal), row_to_json(t),
                \(RecoveryReason.senderWon(in: stream).literal)
            FROM unnest(\(places)) AS k (\(names.joined(separator: ", "))) JOIN \(target.relation) t
                ON \(match.joined(separator: " AND "))
            """,
            arrays, "keep superseded rows")
    }

    func scan(_ table: TableHeader, of stream: StreamID, into digester: inout RowDigester) throws(StoreError) -> String?
    {
        let target = try target(of: table, stream, for: .comparing)
        try connection.script("SAVEPOINT scan", "digest rows")
        do throws(StoreError) {
            try TableScan.digest(
                target.relation, table.columns, expanding: target.expanding,
                where: target.conditions(in: stream, of: target.relation),
                inUTC: Set(target.columns.filter(\.fit.isUTC).map(\.name)), &digester, connection)
            try connection.script("RELEASE scan", "digest rows")
            return nil
        } catch {
            // Whatever it was: who asks for a comparison stops nothing by it. What is everybody's trouble comes back with
            // the next statement.
            guard connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO scan; RELEASE scan", "digest rows")
            return "its rows cannot be read here: \(error.reasonWithoutValues)"
        }
    }

    func highestKey(_ table: TableHeader, named name: TableName, of stream: StreamID) throws(StoreError) -> Int64? {
        guard table.key.count == 1, let type = table.columns.first(where: { $0.name == table.key[0] })?.type,
            ["smallint", "integer", "bigint"].contains(type)
        else { return nil }
        let target = try target(of: table, stream, for: .comparing)
        let filter = ([""] + target.conditions(in: stream, of: target.relation)).joined(separator: " AND ")
        let highest = try connection.run(
            """
            SELECT (SELECT max(\(table.key[0].identifier)) FROM \(target.relation) WHERE true\(filter)),
                (SELECT max(substring(key FROM '^\\["([0-9]{1,18})"\\]$')::bigint) FROM trunkline.set_aside
                    WHERE stream = $1 AND table_name = $2)
            """, [stream.description, connection.portable(name.description)], "find highest key")
        // The column here may be of another type than the sender's.
        return [highest.integer(0, 0), highest.integer(0, 1)].compactMap { $0.map { Int64($0) } }.max()
    }
}
