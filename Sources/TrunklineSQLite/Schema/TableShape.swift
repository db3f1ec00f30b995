internal import TrunklineCore

/// A user's table as SQLite describes it.
struct TableShape: Sendable {
    /// As `sqlite_master` spells it.
    var name: String
    /// The stored columns in their order; generated and hidden ones are left out.
    var columns: [ColumnShape]
    /// The primary key's columns, in the key's order.
    var key: [String]
    /// The collation of each key column in the key's index.
    var keyCollations: [String]
    /// The key is the rowid, so that its values are integers always.
    var hasIntegerKey: Bool
    /// A name by which the rowid can be reached; nil when there is none (WITHOUT ROWID).
    var rowidName: String?
    /// Unique indexes other than the primary key's.
    var uniqueIndexes: [UniqueIndex]
    var foreignKeys: [ForeignKey]

    struct ColumnShape: Hashable, Sendable {
        var name: String
        var declaredType: String
        var isNullable: Bool
        /// As SQL.
        var defaultValue: String?
    }

    struct UniqueIndex: Hashable, Sendable {
        var name: String
        var terms: [Term]
        /// The WHERE of a partial index, as SQL.
        var predicate: String?

        struct Term: Hashable, Sendable {
            var value: Value
            var collation: String
        }

        enum Value: Hashable, Sendable {
            case column(String)
            /// SQL over the table's columns.
            case expression(String)
        }
    }

    struct ForeignKey: Hashable, Sendable {
        var parent: String
        var columns: [String]
        /// The parent's columns; empty: its primary key.
        var parentColumns: [String]
        /// Whether a delete of the parent's row deletes or changes those that refer to it.
        var actsOnDelete: Bool
    }

    func declaredType(of column: String) -> String? {
        columns.first { $0.name == column }?.declaredType
    }

    /// The columns as they travel.
    var wireColumns: [WireColumn] {
        columns.map { WireColumn(name: $0.name, type: DeclaredType($0.declaredType).wireType) }
    }

    /// Parents before their children.
    static func foreignKeyOrder(_ shapes: [TableName: TableShape]) -> [TableName] {
        let byName = Dictionary(
            shapes.keys.map { ($0.inSQLite.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        return ForeignKeyOrder.sort(
            Array(shapes.keys),
            parents: shapes.mapValues { Set($0.foreignKeys.compactMap { byName[$0.parent.lowercased()] }) })
    }
}
