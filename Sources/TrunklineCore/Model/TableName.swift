/// The name of a synced table, as the wire, the configuration and people write it: `sales` or `inventory.items`.
///
/// `schema` is nil for the default schema (`public` in PostgreSQL). A part that holds a dot or a
/// double quote is written in double quotes, with `"` doubled. Case is kept as it is.
public struct TableName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let schema: String?
    public let name: String

    public init(schema: String? = nil, _ name: String) {
        self.schema = schema
        self.name = name
    }

    /// By the bytes: what Unicode takes for equivalent are two tables to a database.
    public static func == (a: TableName, b: TableName) -> Bool {
        a.name.utf8.elementsEqual(b.name.utf8) && (a.schema == nil) == (b.schema == nil)
            && (a.schema ?? "").utf8.elementsEqual((b.schema ?? "").utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(schema.map { Array($0.utf8) })
        hasher.combine(Array(name.utf8))
    }

    /// Parses `name`, `schema.name`, and quoted parts.
    /// - Returns: nil when a part is empty, a quote is not closed, or there are more than two parts.
    public init?(parsing text: String) {
        // Scalars, not characters: a quote that a combining mark follows is a quote.
        var parts: [String] = []
        var rest = text.unicodeScalars[...]
        while true {
            var part = String.UnicodeScalarView()
            if rest.first == "\"" {
                rest.removeFirst()
                while true {
                    guard let scalar = rest.popFirst() else { return nil }
                    if scalar != "\"" {
                        part.append(scalar)
                        continue
                    }
                    guard rest.first == "\"" else { break }
                    part.append(rest.removeFirst())
                }
            } else {
                while let scalar = rest.first, scalar != "." {
                    guard scalar != "\"" else { return nil }
                    part.append(rest.removeFirst())
                }
            }
            guard !part.isEmpty else { return nil }
            parts.append(String(part))
            if rest.isEmpty { break }
            guard rest.removeFirst() == "." else { return nil }
        }
        switch parts.count {
        case 1: self.init(parts[0])
        case 2: self.init(schema: parts[0], parts[1])
        default: return nil
        }
    }

    public var description: String {
        guard let schema else { return TableName.quotedIfNeeded(name) }
        return "\(TableName.quotedIfNeeded(schema)).\(TableName.quotedIfNeeded(name))"
    }

    private static func quotedIfNeeded(_ part: String) -> String {
        guard part.unicodeScalars.contains(where: { $0 == "." || $0 == "\"" }) else { return part }
        return quoted(part)
    }

    /// An SQL identifier in double quotes, for both PostgreSQL and SQLite.
    public static func quoted(_ identifier: String) -> String { "\"" + identifier.doubling("\"") + "\"" }

    public static func < (a: TableName, b: TableName) -> Bool { a.description < b.description }

    /// Whether a database may take both for one: in any case, with its default schema or without.
    public func isSpelled(like other: TableName) -> Bool {
        func folded(_ name: TableName) -> String {
            TableName(schema: name.schema == "public" ? nil : name.schema, name.name).description.lowercased()
        }
        return folded(self) == folded(other)
    }
}

extension TableName: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let name = TableName(parsing: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a table name"))
        }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
