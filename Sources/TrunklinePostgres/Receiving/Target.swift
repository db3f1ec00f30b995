internal import TrunklineCore

/// The table that takes a stream's rows, as the receiver's catalogs have it.
struct Target {
    var relation: String
    /// In front of the sender's key.
    var additions: [TableMapping.Addition]
    /// The batch's columns in their order, with the type to cast to, and what that does to a value.
    var columns: [(name: String, castType: String, fit: ColumnFit)]
    var key: [String]
    /// The columns of the key of which equal values may have different texts, with their full types.
    var inexactKey: [String: String]
    /// Those of them in which two rows of the sender may have one key here.
    var twinKey: [String] {
        columns.filter { inexactKey[$0.name] != nil && !$0.fit.isEqualAtSender }.map(\.name)
    }
    /// The batch's columns of which ``RowSize/expanding(_:)`` speaks, but for those of the key.
    var expanding: [Catalog.TableColumn]
    /// Of the table, as they travel.
    var own: [Column]
    /// Nullable columns of foreign keys that form a circle: stored as NULL first, in their own pass.
    var circular: Set<String>

    /// As a line that is stored fills them, quoted.
    var filledColumns: [String] { (additions.map(\.column) + columns.map(\.name)).map(\.identifier) }

    /// What says which rows of the table are the stream's.
    /// - Parameter row: what the table is called in the statement.
    func conditions(in stream: StreamID, of row: String) -> [String] {
        additions.map { "\(row).\($0.column.identifier) = \($0.value(in: stream).literal)" }
    }

    enum Lookup {
        case found(Target)
        case missing
        case unfit(reason: String)
        case refused(reason: String)
    }

    /// What one connection knows of the tables that it stored into, so that a batch costs one look at the catalog and
    /// not five. An entry is good as long as the table's row of `pg_class` is the one that it was read with.
    struct Cache {
        private var entries: [TableMapping: (identity: String, target: Target)] = [:]
        /// Some thousand tables; a branch that makes up shapes without end empties it now and then.
        private static let most = 4_000

        func target(_ mapping: TableMapping, identity: String) -> Target? {
            guard let entry = entries[mapping], entry.identity == identity else { return nil }
            return entry.target
        }

        mutating func keep(_ target: Target, _ mapping: TableMapping, identity: String) {
            if entries.count >= Self.most { entries = [:] }
            entries[mapping] = (identity, target)
        }
    }

    /// PostgreSQL cuts longer names off, so that two would be one.
    private static let nameBytes = 63

    /// - Parameters:
    ///   - isReturning: whether rows come back into tables that this office sends itself, and into no others.
    ///   - given: how this office takes the table; nil: as its configuration says.
    static func find(
        _ mapping: TableMapping, returning isReturning: Bool, acceptance given: TableAcceptance? = nil,
        _ connection: PostgresConnection
    ) throws(StoreError) -> Lookup {
        if let reason = refusal(of: mapping) { return .unfit(reason: reason) }
        let name = mapping.target
        let place = mapping.place
        let found = try identity(of: name, connection)
        if isReturning {
            guard found.text(0, 2) == "written" else {
                return .refused(reason: "table \"\(name)\" is none that this office sends")
            }
        }
        let acceptance = if let given { given } else { try configured(found) }
        if !isReturning, let reason = acceptance.refusal(of: mapping) {
            return acceptance.keepsRows(of: mapping) ? .unfit(reason: reason) : .refused(reason: reason)
        }
        guard found.flag(0, 3) else {
            return .unfit(reason: "this database's user may not use the schema of table \"\(name)\" at \(place)")
        }
        guard let identity = found.value(0, 0), let kind = found.value(0, 1) else { return .missing }
        guard kind == "r" || kind == "p" else {
            return .unfit(
                reason: "\"\(name)\" is \(Self.kinds[kind] ?? "no table") at \(place); give one of the two another name"
            )
        }
        if let known = connection.targets.target(mapping, identity: identity) { return .found(known) }
        guard let table = try Catalog(connection).table(name) else { return .missing }
        let present = Dictionary(table.columns.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        for addition in mapping.additions where present[addition.column] == nil {
            return .unfit(reason: "table \"\(name)\" has no column \(addition.column) at \(place)")
        }
        for column in mapping.columns where present[column.name] == nil {
            return .unfit(reason: "table \"\(name)\" has no column \"\(column.name)\" at \(place); add it")
        }
        if mapping.conflict != nil, let problem = Catalog.identityProblem(table, Set(mapping.columns.map(\.name))) {
            return .unfit(reason: problem)
        }
        let fullKey = mapping.targetKey
        let unique = try connection.query(ReceiverStatements.uniqueIndex, [name.sql, TextArray.encode(fullKey)])
        guard unique.flag(0, 0) else {
            return .unfit(
                reason:
                    "table \"\(name)\" has no primary key or unique index on (\(fullKey.joined(separator: ", "))) at \(place)"
            )
        }
        let circular = try connection.query(ReceiverStatements.circularColumns, [name.sql])
        let target = Target(
            relation: name.sql, additions: mapping.additions,
            columns: mapping.columns.map { column in
                let here = present[column.name]!
                let fit = ColumnFit(
                    wire: column.type, full: here.fullType, isKey: mapping.key.contains(column.name))
                return (column.name, here.castType, fit)
            },
            key: mapping.key,
            inexactKey: Dictionary(
                mapping.key.compactMap { present[$0] }.filter { !$0.isExact }.map { ($0.name, $0.fullType) },
                uniquingKeysWith: { a, _ in a }),
            expanding: RowSize.expanding(mapping.columns.compactMap { present[$0.name] })
                .filter { !mapping.key.contains($0.name) },
            own: table.wireColumns,
            circular: Set((0..<circular.rowCount).map { circular.text($0, 0) }).subtracting(mapping.key))
        // Somebody may have made the table anew.
        if !mapping.isAtHead, mapping.conflict == nil, !isReturning {
            try LocalWriteGuard(connection).heal(name, isPartitioned: table.isPartitioned)
        }
        if !isReturning { connection.targets.keep(target, mapping, identity: identity) }
        return .found(target)
    }

    /// What ``ReceiverStatements/identity`` says of a table.
    static func identity(
        of name: TableName, _ connection: PostgresConnection
    ) throws(StoreError) -> PostgresResult {
        try connection.query(
            ReceiverStatements.identity,
            [
                name.schema ?? "public", connection.portable(name.inDefaultSchema.description), name.name,
                connection.portable(name.sql),
            ])
    }

    /// - Parameter found: what ``ReceiverStatements/identity`` says.
    private static func configured(_ found: PostgresResult) throws(StoreError) -> TableAcceptance {
        switch found.text(0, 2) {
        case "shared":
            .shared(
                policy: try JSONText.decode(ConflictPolicy.self, found.text(0, 4), "policy of a table").description)
        case "written": .written
        case "unlisted": .unlisted
        default: .accepted
        }
    }

    private static let kinds = [
        "v": "a view", "m": "a materialized view", "i": "an index", "I": "an index", "S": "a sequence",
        "c": "a type", "f": "a foreign table", "t": "a TOAST table",
    ]

    /// nil: it is not.
    static func tooLong(among names: [String]) -> String? {
        names.first { $0.utf8.count > nameBytes }.map {
            "the name \"\($0)\" is longer than the \(nameBytes) bytes that PostgreSQL keeps; shorten it"
        }
    }

    /// Why no row may go into a table of this shape, whatever the database holds; nil when one may.
    private static func refusal(of mapping: TableMapping) -> String? {
        let schema = mapping.target.schema ?? "public"
        if schema == "trunkline" || schema == "information_schema" || schema.hasPrefix("pg_") {
            return "schema \"\(schema)\" takes no synced tables"
        }
        if let reason = mapping.clash(==) { return reason }
        return tooLong(among: [schema, mapping.target.name] + mapping.columns.map(\.name))
    }

    /// The head's tables that hold rows of branches.
    static func tables(_ connection: PostgresConnection) throws(StoreError) -> [TableName] {
        let found = try connection.query(ReceiverStatements.targets)
        return (0..<found.rowCount).map { row in
            let schema = found.text(row, 0)
            return TableName(schema: schema == "public" ? nil : schema, found.text(row, 1))
        }
    }

    /// The tables that a branch takes from the head.
    static func accepted(_ connection: PostgresConnection) throws(StoreError) -> [TableName] {
        let found = try connection.query(ReceiverStatements.acceptedTables)
        return (0..<found.rowCount).compactMap { TableName(parsing: found.text($0, 0)) }
    }

    /// The most tables that are made for one stream.
    private static let madeTables = 1_000

    /// Makes the table for the rows of all streams: the additions in front of the key, the batch's
    /// columns with their built-in types, `text` for anything else. No default, no constraint but the key.
    /// - Returns: why it cannot be made; nil when it was.
    static func create(
        _ mapping: TableMapping, stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) -> String? {
        let made = try connection.query(ReceiverStatements.madeTables, [stream.description])
        guard made.integer(0, 0)! < madeTables else {
            return "\(madeTables) tables were made for this stream already; make table \"\(mapping.target)\" by hand"
        }
        if let schema = mapping.target.schema,
            try connection.query(ReceiverStatements.isNamedLikeARole, [connection.portable(schema)]).flag(0, 0)
        {
            return
                "schema \"\(schema)\" is named like a role, whose statements would find the table in the place of another; make it by hand"
        }
        var lines = mapping.additions.map { "\($0.column.identifier) text NOT NULL" }
        for column in mapping.columns {
            let type = try safeType(column.type, connection)
            lines.append("\(column.name.identifier) \(type)\(mapping.key.contains(column.name) ? " NOT NULL" : "")")
        }
        let key = mapping.targetKey.map(\.identifier)
        lines.append("PRIMARY KEY (\(key.joined(separator: ", ")))")
        do throws(StoreError) {
            try connection.script("SAVEPOINT creation", "create table")
            if let schema = mapping.target.schema {
                try connection.script("CREATE SCHEMA IF NOT EXISTS \(schema.identifier)", "create table")
            }
            try connection.script(
                "CREATE TABLE IF NOT EXISTS \(mapping.target.sql) (\(lines.joined(separator: ", ")))", "create table")
            try connection.query(
                ReceiverStatements.noteMadeTable,
                [connection.portable(mapping.target.inDefaultSchema.description), stream.description])
            if stream.destination != .head { try LocalWriteGuard(connection).guardMade(mapping.target) }
            try connection.script("RELEASE creation", "create table")
            return nil
        } catch {
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO creation; RELEASE creation", "create table")
            // Another stream's lane made it at the same moment.
            if try Catalog(connection).table(mapping.target) != nil { return nil }
            return
                "table \"\(mapping.target)\" cannot be made here (\(error.reason)); make it by hand, or leave it out of tables at \(mapping.origin)"
        }
    }

    /// The type's name if PostgreSQL itself says that it is one of its own, else `text`. The name
    /// comes from outside, so only letters, digits and the punctuation of type names pass.
    static func safeType(_ type: String, _ connection: PostgresConnection) throws(StoreError) -> String {
        let allowed = type.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: "["),
                UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        // A length of millions makes a value of some bytes megabytes: padded.
        let length = type.split { !$0.isNumber }.compactMap { Int($0) }.max() ?? 0
        guard allowed, length <= 10_000 else { return "text" }
        do throws(StoreError) {
            try connection.script("SAVEPOINT type", "check type")
            let known = try connection.query(ReceiverStatements.builtInType, [type])
            try connection.script("RELEASE type", "check type")
            return known.rowCount == 1 && known.flag(0, 0) ? type : "text"
        } catch {
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO type; RELEASE type", "check type")
            return "text"
        }
    }
}
