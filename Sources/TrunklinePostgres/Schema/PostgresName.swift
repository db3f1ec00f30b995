internal import TrunklineCore

extension TableName {
    /// The quoted, schema-qualified name; the default schema is `public`.
    var sql: String { "\(TableName.quoted(schema ?? "public")).\(TableName.quoted(name))" }
}

extension String {
    /// An identifier in double quotes.
    var identifier: String { TableName.quoted(self) }

    /// A string literal; `standard_conforming_strings` is on.
    var literal: String { "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'" }
}

/// PostgreSQL's text form of a `text[]`.
enum TextArray {
    static func encode(_ values: [String]) -> String {
        let items = values.map { value in
            "\"" + value.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
        }
        return "{" + items.joined(separator: ",") + "}"
    }
}
