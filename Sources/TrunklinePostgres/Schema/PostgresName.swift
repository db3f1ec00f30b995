internal import TrunklineCore

extension TableName {
    /// The quoted, schema-qualified name; the default schema is `public`.
    var sql: String { "\(TableName.quoted(schema ?? "public")).\(TableName.quoted(name))" }

    /// `public.film` is `film`.
    var inDefaultSchema: TableName { schema == "public" ? TableName(name) : self }

    /// Each table once, under one name.
    static func distinct(_ names: [TableName]) -> [TableName] {
        var seen: Set<TableName> = []
        return names.map(\.inDefaultSchema).filter { seen.insert($0).inserted }
    }
}

extension String {
    /// An identifier in double quotes.
    var identifier: String { TableName.quoted(self) }

    /// A string literal; `standard_conforming_strings` is on.
    var literal: String { "'" + doubling("'") + "'" }
}

extension TableRule {
    /// The rule of each table once, under one name.
    static func distinct(_ rules: [TableRule]) -> [TableRule] {
        var seen: Set<TableName> = []
        return rules.map { rule in
            var rule = rule
            rule.name = rule.name.inDefaultSchema
            return rule
        }.filter { seen.insert($0.name).inserted }
    }
}

/// PostgreSQL's text form of a `text[]`.
enum TextArray {
    static func encode(_ values: [String]) -> String { encode(values.map(Optional.some)) }

    /// - Parameter values: nil is NULL.
    static func encode(_ values: [String?]) -> String {
        var text = "{".unicodeScalars
        for (index, value) in values.enumerated() {
            if index > 0 { text.append(",") }
            guard let value else {
                text.append(contentsOf: "NULL".unicodeScalars)
                continue
            }
            text.append("\"")
            for scalar in value.unicodeScalars {
                if scalar == "\"" || scalar == "\\" { text.append("\\") }
                text.append(scalar)
            }
            text.append("\"")
        }
        text.append("}")
        return String(text)
    }
}
