internal import GRDB
internal import TrunklineCore

extension SQLiteReceiving {
    func assume(_ acceptance: TableAcceptance, of table: TableName) { assumed[table] = acceptance }

    func fit(_ table: TableHeader, of stream: StreamID, for use: TableUse) throws(StoreError) -> TableFit {
        let mapping = TableMapping(table, of: stream)
        return try run("look at table", table.name) {
            let (lookup, isMade) = try lookUp(mapping, stream, for: use)
            return switch lookup {
            case .found: isMade ? .made : .fits
            case .missing: .missing
            case .unfit(let reason): .unfit(reason: reason)
            case .refused(let reason): .refused(reason: reason)
            }
        }
    }

    private func lookUp(
        _ mapping: TableMapping, _ stream: StreamID, for use: TableUse
    ) throws -> (lookup: Target.Lookup, isMade: Bool) {
        if use == .comparing, let planned = try PlannedTables.find(mapping.target, db) {
            return (
                try Target.find(
                    mapping, stream: stream, returning: false, acceptance: .shared(policy: planned.policy), db), false
            )
        }
        if let known = targets[mapping] {
            if case .missing = known, use == .making {} else { return (known, false) }
        }
        var isMade = false
        func find() throws -> Target.Lookup {
            try Target.find(
                mapping, stream: stream, returning: isReturning, acceptance: assumed[mapping.target], db)
        }
        var lookup = try find()
        if case .missing = lookup, use == .making {
            if let reason = try Target.create(mapping, stream: stream, db) {
                lookup = .unfit(reason: reason)
            } else {
                isMade = true
                lookup = try find()
                if case .missing = lookup {
                    lookup = .unfit(reason: "table \"\(mapping.target)\" cannot be made here")
                }
            }
        }
        targets[mapping] = lookup
        return (lookup, isMade)
    }

    private func target(of table: TableHeader, _ stream: StreamID) throws -> Target {
        guard case .found(let target) = try lookUp(TableMapping(table, of: stream), stream, for: .storing).lookup
        else {
            throw StoreError(
                .program, operation: "store rows", subject: "table \"\(table.name)\"",
                reason: "its fitness was not looked at")
        }
        return target
    }

    /// Line by line; SQLite undoes only the statement of a bad one. Then the others again while that helps: a parent, or
    /// the delete of a row that is in the way, may have come after them.
    func apply(_ groups: [LineGroup], of stream: StreamID, individually: Bool) throws(StoreError) -> [LineFailure] {
        try run("store rows", stream) {
            // Where rows made way, all foreign keys are deferred.
            let guardian = try DeferredKeys(db, exist: isReturning || hasDeferredKeys.get())
            let pieces = try groups.map { (lines: $0.lines, target: try target(of: $0.table, stream)) }
            for piece in pieces where !piece.target.circular.isEmpty {
                // What fails here fails again below, and is reported there.
                for line in piece.lines where !line.isDelete {
                    _ = try piece.target.apply(line, guardian, withoutCircular: true)
                }
            }
            var failures: [(target: Target, failure: LineFailure)] = []
            for piece in pieces {
                for line in piece.lines {
                    if let failure = try piece.target.apply(line, guardian) { failures.append((piece.target, failure)) }
                }
            }
            var passes = 0
            while passes < 8, failures.contains(where: \.failure.mayDependOnOthers) {
                passes += 1
                let before = failures.count
                // A shift of unique values comes out from its other end.
                failures = try failures.reversed().compactMap { entry in
                    guard entry.failure.mayDependOnOthers else { return entry }
                    return try entry.target.apply(entry.failure.line, guardian).map { (entry.target, $0) }
                }
                if failures.count == before { break }
            }
            return failures.map(\.failure)
        }
    }

    func keepImages(replacedBy groups: [LineGroup], of stream: StreamID) throws(StoreError) {
        try run("keep superseded rows", stream) {
            for group in groups { try SupersededRows(stream: stream, db: db).keep(group) }
        }
    }

    func scan(_ table: TableHeader, of stream: StreamID, into digester: inout RowDigester) throws(StoreError) -> String?
    {
        let mapping = TableMapping(table, of: stream)
        var own = digester
        try run("digest rows", table.name) {
            try TableScan.digest(
                mapping.target.inSQLite, columns: table.columns, where: mapping.conditions(in: stream), into: &own, db)
        }
        digester = own
        return nil
    }

    func highestKey(_ table: TableHeader, named name: TableName, of stream: StreamID) throws(StoreError) -> Int64? {
        guard table.key.count == 1, let type = table.columns.first(where: { $0.name == table.key[0] })?.type,
            ["smallint", "integer", "bigint"].contains(type)
        else { return nil }
        let mapping = TableMapping(table, of: stream)
        let column = TableName.quoted(table.key[0])
        return try run("find highest key", table.name) {
            let stored = try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(\(column)) FROM \(TableName.quoted(mapping.target.inSQLite))
                    WHERE \((["typeof(\(column)) = 'integer'"] + mapping.conditions(in: stream)).joined(separator: " AND "))
                    """)
            let setAside = try Int64.fetchOne(
                db,
                sql: """
                    SELECT max(CAST(json_extract(key, '$[0]') AS INTEGER)) FROM trunkline_set_aside
                    WHERE stream = ? AND table_name = ? AND length(key) <= 22
                    """, arguments: [stream.description, name.description])
            return [stored, setAside].compactMap { $0 }.max()
        }
    }
}

extension LineFailure {
    /// A constraint: a row that is missing, or one that is in the way.
    fileprivate var mayDependOnOthers: Bool { code == "constraint" }
}
