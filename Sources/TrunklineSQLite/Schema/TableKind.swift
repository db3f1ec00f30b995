internal import GRDB
internal import TrunklineCore

/// What a name means in the database, and whether a table of that name can be synced.
enum TableKind {
    case missing
    /// A view or a virtual table.
    case notATable(String)
    case withoutKey
    /// A name that a batch cannot have: of the table or of this column.
    case unnameable(String)
    case table(TableShape)

    /// Looks the name up: spelt exactly so, else in any case, as SQLite does.
    static func find(_ name: String, in db: Database) throws -> TableKind {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT name, type, wr FROM pragma_table_list
                WHERE schema = 'main' AND name = ? COLLATE NOCASE
                """,
            arguments: [name])
        guard let row else { return .missing }
        let type: String = row["type"]
        guard type == "table" else { return .notATable(type) }
        let shape = try TableShape(name: row["name"], isWithoutRowid: row["wr"], in: db)
        guard !shape.key.isEmpty else { return .withoutKey }
        let names = [shape.name] + shape.wireColumns.map(\.name)
        let bad = names.first { !(1...WireLimits().nameBytes).contains($0.utf8.count) }
        return bad.map { .unnameable(String($0.prefix(40))) } ?? .table(shape)
    }

    /// The table, if it can be synced.
    var shape: TableShape? {
        if case .table(let shape) = self { return shape }
        return nil
    }

    /// Why it cannot be synced, with the way out; nil when it can.
    func unfitness(of name: String) -> String? {
        switch self {
        case .missing: "there is no table \"\(name)\"; create it first, or leave it out of tables"
        case .notATable(let type): "\"\(name)\" is a \(type), not a table; leave it out of tables"
        case .unnameable(let bad):
            "table \"\(name)\" has the name \"\(bad)\", which is empty or over 255 bytes; rename it, or leave the table out of tables"
        case .withoutKey: "table \"\(name)\" has no primary key; add one, or leave the table out of tables"
        case .table: nil
        }
    }
}
