internal import TrunklineCore

/// The table that takes a stream's rows, as the receiver's catalogs have it.
struct Target {
    var relation: String
    /// At the head, `branch_id` stands in front of the branch's own key.
    var hasBranchColumn: Bool
    /// The batch's columns in their order, with the type to cast to.
    var columns: [(name: String, castType: String)]
    var key: [String]
    /// Nullable columns of foreign keys that form a circle: stored as NULL first, in their own pass.
    var circular: Set<String>

    enum Lookup {
        case found(Target)
        case missing
        case unfit(reason: String)
    }

    static func find(
        _ name: TableName, columns: [Column], key: [String], stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) -> Lookup {
        let atHead = stream.destination == .head
        if let reason = try refusal(of: name, connection) { return .unfit(reason: reason) }
        guard let table = try Catalog(connection).table(name) else { return .missing }
        let present = Dictionary(table.columns.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        if atHead && present["branch_id"] == nil {
            return .unfit(reason: "table \"\(name)\" has no column branch_id at \(stream.destination)")
        }
        for column in columns where present[column.name] == nil {
            return .unfit(reason: "table \"\(name)\" has no column \"\(column.name)\" at \(stream.destination); add it")
        }
        let fullKey = (atHead ? ["branch_id"] : []) + key
        let unique = try connection.query(ReceiverStatements.uniqueIndex, [name.sql, TextArray.encode(fullKey)])
        guard unique.flag(0, 0) else {
            return .unfit(
                reason:
                    "table \"\(name)\" has no primary key or unique index on (\(fullKey.joined(separator: ", "))) at \(stream.destination)"
            )
        }
        let circular = try connection.query(ReceiverStatements.circularColumns, [name.sql])
        return .found(
            Target(
                relation: name.sql, hasBranchColumn: atHead,
                columns: columns.map { ($0.name, present[$0.name]!.castType) }, key: key,
                circular: Set((0..<circular.rowCount).map { circular.text($0, 0) }).subtracting(key)))
    }

    /// The head's tables that hold rows of branches.
    static func tables(_ connection: PostgresConnection) throws(StoreError) -> [TableName] {
        let found = try connection.query(ReceiverStatements.targets)
        return (0..<found.rowCount).map { row in
            let schema = found.text(row, 0)
            return TableName(schema: schema == "public" ? nil : schema, found.text(row, 1))
        }
    }

    /// Why no row may go into a table of this name; nil when one may.
    private static func refusal(of name: TableName, _ connection: PostgresConnection) throws(StoreError) -> String? {
        let schema = name.schema ?? "public"
        if schema == "trunkline" || schema == "information_schema" || schema.hasPrefix("pg_") {
            return "schema \"\(schema)\" takes no synced tables"
        }
        let accepted = try connection.query(ReceiverStatements.accepts, [name.description])
        return accepted.rowCount == 1 && !accepted.flag(0, 0)
            ? "table \"\(name)\" is not among the tables of this office's configuration" : nil
    }

    /// Makes the table for the rows of all branches: `branch_id` in front of the key, the batch's
    /// columns with their built-in types, `text` for anything else. No default, no constraint but the key.
    static func create(
        _ table: TableHeader, stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) {
        let atHead = stream.destination == .head
        var lines = atHead ? ["branch_id text NOT NULL"] : []
        for column in table.columns {
            let type = try safeType(column.type, connection)
            lines.append("\(column.name.identifier) \(type)\(table.key.contains(column.name) ? " NOT NULL" : "")")
        }
        let key = (atHead ? ["branch_id"] : []) + table.key.map(\.identifier)
        lines.append("PRIMARY KEY (\(key.joined(separator: ", ")))")
        if let schema = table.name.schema {
            try connection.script("CREATE SCHEMA IF NOT EXISTS \(schema.identifier)", "create table")
        }
        try connection.script(
            "CREATE TABLE IF NOT EXISTS \(table.name.sql) (\(lines.joined(separator: ", ")))", "create table")
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
        guard allowed else { return "text" }
        do throws(StoreError) {
            try connection.script("SAVEPOINT type", "check type")
            let known = try connection.query(ReceiverStatements.builtInType, [type])
            try connection.script("RELEASE type", "check type")
            return known.rowCount == 1 && known.flag(0, 0) ? type : "text"
        } catch {
            guard error.blamesData else { throw error }
            try connection.script("ROLLBACK TO type", "check type")
            return "text"
        }
    }
}
