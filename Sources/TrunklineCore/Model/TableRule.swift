/// What an office does with one of its tables: who writes it, and who gets which of its rows.
public struct TableRule: Hashable, Sendable {
    /// Whose table it is.
    public enum Direction: String, Hashable, Sendable, Codable, CaseIterable {
        /// The branches write it, the head has the rows of all of them.
        case up
        /// The head writes it, the branches have what is for them.
        case down
        /// All of them write it, and have the same rows.
        case shared

        /// Whether the programs of such an office write it.
        public func isWritten(by role: OfficeRole) -> Bool {
            switch self {
            case .up: role == .branch
            case .down: role == .head
            case .shared: true
            }
        }
    }

    /// What a branch does about programs of its own that write to a `down` table.
    public enum LocalWrites: String, Hashable, Sendable, Codable, CaseIterable {
        /// Its database refuses them.
        case refuse
        /// They stand until the head's row changes next.
        case overwrite
    }

    public var name: TableName
    public var direction: Direction
    /// At the head: which branches get a row of a `down` or `shared` table.
    public var route: TableRoute
    /// At the head: a condition of its database over the columns of a `down` or `shared` table; rows that do not fulfil it go nowhere.
    public var filter: String?
    /// At a branch, of a `down` table.
    public var localWrites: LocalWrites
    /// Of a `shared` table; nil of any other.
    public var conflict: ConflictPolicy?
    /// How the rows of others are stored here; nil: as they come.
    public var mapping: RowMapping?

    public init(
        _ name: TableName, direction: Direction = .up, route: TableRoute = .all, filter: String? = nil,
        localWrites: LocalWrites = .refuse, conflict: ConflictPolicy? = nil, mapping: RowMapping? = nil
    ) {
        self.name = name
        self.direction = direction
        self.route = route
        self.filter = filter
        self.localWrites = localWrites
        self.conflict = conflict
        self.mapping = mapping
    }

    /// What whoever gave a table another rule should know.
    public var changeWarning: String {
        let rule =
            conflict.map { "what decides over conflicts (\($0)), or who gets which rows," }
            ?? "who gets which rows, or that both sides write it,"
        return "table \"\(name)\": \(rule) is another now; all of them go again"
    }

    /// The table of an office that stores its rows.
    public var target: TableName { mapping?.into ?? name }
}

/// A table of others, and how an office stores its rows.
public struct MappedTableRule: Hashable, Sendable, Codable {
    /// As its sender calls it.
    public var name: TableName
    public var mapping: RowMapping

    public init(name: TableName, mapping: RowMapping) {
        self.name = name
        self.mapping = mapping
    }
}

extension TableRule {
    /// Why the policy does not suit the table, with the way out; nil: it does.
    /// - Parameters:
    ///   - columns: of the table, as they travel.
    ///   - key: its primary key.
    public func problem(of columns: [Column], key: [String]) -> String? {
        for name in conflict?.columns?.added ?? [] {
            guard let column = columns.first(where: { $0.name == name }) else {
                let near = Suggestion.nearest(to: name, among: columns.map(\.name)).map { ", did you mean \($0)?" }
                return "table \"\(self.name)\": conflict: delta: there is no column \(name)\(near ?? "")"
            }
            guard !key.contains(name) else {
                return "table \"\(self.name)\": conflict: delta: \(name) is of the primary key; leave it out"
            }
            switch CanonicalValue.rule(for: column.type) {
            case .number: continue
            case .float:
                return
                    "table \"\(self.name)\": conflict: delta: \(name) is \(column.type), whose sums are not exact; make it numeric, or leave it out"
            case .asIs, .boolean, .timestamp:
                return
                    "table \"\(self.name)\": conflict: delta: \(name) is \(column.type), of which there are no differences; leave it out"
            }
        }
        return nil
    }
}

/// Which branches get a row of a `down` table.
public enum TableRoute: Hashable, Sendable, Codable {
    case all
    /// The one that a column names.
    case column(String)
    /// Those to which a table of the head maps the value of a column.
    /// - Parameters:
    ///   - through: the mapping table, of the same database.
    ///   - from: its column with the values of `column`.
    ///   - to: its column with the names of branches.
    case mapping(column: String, through: TableName, from: String, to: String)
}
