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

    public init(
        _ name: TableName, direction: Direction = .up, route: TableRoute = .all, filter: String? = nil,
        localWrites: LocalWrites = .refuse, conflict: ConflictPolicy? = nil
    ) {
        self.name = name
        self.direction = direction
        self.route = route
        self.filter = filter
        self.localWrites = localWrites
        self.conflict = conflict
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
