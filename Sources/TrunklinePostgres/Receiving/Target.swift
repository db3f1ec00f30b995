internal import TrunklineCore

/// The table that takes a stream's rows, as the receiver's catalogs have it.
struct Target {
    var relation: String
    /// At the head, `branch_id` stands in front of the branch's own key.
    var hasBranchColumn: Bool
    /// The batch's columns in their order, with the type to cast to, and what that does to a value.
    var columns: [(name: String, castType: String, fit: ColumnFit)]
    var key: [String]
    /// The columns of the key of which equal values may have different texts, with their full types.
    var inexactKey: [String: String]
    /// Nullable columns of foreign keys that form a circle: stored as NULL first, in their own pass.
    var circular: Set<String>

    enum Lookup {
        case found(Target)
        case missing
        case unfit(reason: String)
    }

    /// What one connection knows of the tables that it stored into, so that a batch costs one look at the catalog and
    /// not five. An entry is good as long as the table's row of `pg_class` is the one that it was read with.
    struct Cache {
        private var entries: [TargetShape: (identity: String, target: Target)] = [:]
        /// Some thousand tables; a branch that makes up shapes without end empties it now and then.
        private static let most = 4_000

        func target(_ shape: TargetShape, identity: String) -> Target? {
            guard let entry = entries[shape], entry.identity == identity else { return nil }
            return entry.target
        }

        mutating func keep(_ target: Target, _ shape: TargetShape, identity: String) {
            if entries.count >= Self.most { entries = [:] }
            entries[shape] = (identity, target)
        }
    }

    /// PostgreSQL cuts longer names off, so that two would be one.
    private static let nameBytes = 63

    static func find(_ shape: TargetShape, _ connection: PostgresConnection) throws(StoreError) -> Lookup {
        if let reason = refusal(of: shape) { return .unfit(reason: reason) }
        let name = shape.name
        let place = shape.isAtHead ? "the head" : "this office"
        let found = try connection.query(
            ReceiverStatements.identity, [name.sql, connection.portable(name.description)])
        guard found.flag(0, 2) else {
            return .unfit(reason: "table \"\(name)\" is not among the tables of this office's configuration")
        }
        guard let identity = found.value(0, 0), let kind = found.value(0, 1) else { return .missing }
        guard kind == "r" || kind == "p" else {
            return .unfit(
                reason: "\"\(name)\" is \(Self.kinds[kind] ?? "no table") at \(place); give one of the two another name"
            )
        }
        if let known = connection.targets.target(shape, identity: identity) { return .found(known) }
        guard let table = try Catalog(connection).table(name) else { return .missing }
        let present = Dictionary(table.columns.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        if shape.isAtHead && present["branch_id"] == nil {
            return .unfit(reason: "table \"\(name)\" has no column branch_id at \(place)")
        }
        for column in shape.columns where present[column.name] == nil {
            return .unfit(reason: "table \"\(name)\" has no column \"\(column.name)\" at \(place); add it")
        }
        let fullKey = (shape.isAtHead ? ["branch_id"] : []) + shape.key
        let unique = try connection.query(ReceiverStatements.uniqueIndex, [name.sql, TextArray.encode(fullKey)])
        guard unique.flag(0, 0) else {
            return .unfit(
                reason:
                    "table \"\(name)\" has no primary key or unique index on (\(fullKey.joined(separator: ", "))) at \(place)"
            )
        }
        let circular = try connection.query(ReceiverStatements.circularColumns, [name.sql])
        let target = Target(
            relation: name.sql, hasBranchColumn: shape.isAtHead,
            columns: shape.columns.map { column in
                let here = present[column.name]!
                return (column.name, here.castType, ColumnFit(wire: column.type, full: here.fullType))
            },
            key: shape.key,
            inexactKey: Dictionary(
                shape.key.compactMap { present[$0] }.filter { !$0.isExact }.map { ($0.name, $0.fullType) },
                uniquingKeysWith: { a, _ in a }),
            circular: Set((0..<circular.rowCount).map { circular.text($0, 0) }).subtracting(shape.key))
        connection.targets.keep(target, shape, identity: identity)
        return .found(target)
    }

    private static let kinds = [
        "v": "a view", "m": "a materialized view", "i": "an index", "I": "an index", "S": "a sequence",
        "c": "a type", "f": "a foreign table", "t": "a TOAST table",
    ]

    /// Why no row may go into a table of this shape, whatever the database holds; nil when one may.
    private static func refusal(of shape: TargetShape) -> String? {
        let schema = shape.name.schema ?? "public"
        if schema == "trunkline" || schema == "information_schema" || schema.hasPrefix("pg_") {
            return "schema \"\(schema)\" takes no synced tables"
        }
        if shape.isAtHead, shape.columns.contains(where: { $0.name == "branch_id" }) {
            return
                "table \"\(shape.name)\" has a column branch_id of its own, whose name the head needs for the branch; rename it at the branch"
        }
        for name in [schema, shape.name.name] + shape.columns.map(\.name) where name.utf8.count > nameBytes {
            return "the name \"\(name)\" is longer than the \(nameBytes) bytes that PostgreSQL keeps; shorten it"
        }
        return nil
    }

    /// The head's tables that hold rows of branches.
    static func tables(_ connection: PostgresConnection) throws(StoreError) -> [TableName] {
        let found = try connection.query(ReceiverStatements.targets)
        return (0..<found.rowCount).map { row in
            let schema = found.text(row, 0)
            return TableName(schema: schema == "public" ? nil : schema, found.text(row, 1))
        }
    }

    /// The most tables that are made for one stream.
    private static let madeTables = 1_000

    /// Makes the table for the rows of all branches: `branch_id` in front of the key, the batch's
    /// columns with their built-in types, `text` for anything else. No default, no constraint but the key.
    /// - Returns: why it cannot be made; nil when it was.
    static func create(
        _ shape: TargetShape, stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) -> String? {
        let made = try connection.query(ReceiverStatements.madeTables, [stream.description])
        guard made.integer(0, 0)! < madeTables else {
            return "\(madeTables) tables were made for this branch already; make table \"\(shape.name)\" by hand"
        }
        var lines = shape.isAtHead ? ["branch_id text NOT NULL"] : []
        for column in shape.columns {
            let type = try safeType(column.type, connection)
            lines.append("\(column.name.identifier) \(type)\(shape.key.contains(column.name) ? " NOT NULL" : "")")
        }
        let key = (shape.isAtHead ? ["branch_id"] : []) + shape.key.map(\.identifier)
        lines.append("PRIMARY KEY (\(key.joined(separator: ", ")))")
        do throws(StoreError) {
            try connection.script("SAVEPOINT creation", "create table")
            if let schema = shape.name.schema {
                try connection.script("CREATE SCHEMA IF NOT EXISTS \(schema.identifier)", "create table")
            }
            try connection.script(
                "CREATE TABLE IF NOT EXISTS \(shape.name.sql) (\(lines.joined(separator: ", ")))", "create table")
            try connection.query(
                ReceiverStatements.noteMadeTable, [connection.portable(shape.name.description), stream.description])
            try connection.script("RELEASE creation", "create table")
            return nil
        } catch {
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO creation; RELEASE creation", "create table")
            // Another stream's lane made it at the same moment.
            if try Catalog(connection).table(shape.name) != nil { return nil }
            return
                "table \"\(shape.name)\" cannot be made here (\(error.reason)); make it by hand, or leave it out of tables at the branch"
        }
    }

    /// The type's name if PostgreSQL itself says that it is one of its own, else `text`. The name
    /// comes from outside, so only letters, digits and the punctuation of type names pass.
    private static func safeType(_ type: String, _ connection: PostgresConnection) throws(StoreError) -> String {
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
