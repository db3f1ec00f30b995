/// A column of a synced table as it travels: its name and its wire type.
///
/// Wire types are PostgreSQL's names of its built-in types (`bigint`, `numeric(12,2)`, `text[]`,
/// `timestamp with time zone`, …). A type that PostgreSQL did not build in (an enum, a domain)
/// travels as `text`. A SQLite office maps its declared types to them.
public struct Column: Hashable, Sendable, Codable {
    public var name: String
    public var type: String

    public init(name: String, type: String) {
        self.name = name
        self.type = type
    }
}
