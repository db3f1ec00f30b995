internal import TrunklineCore
internal import Yams

/// Reads an entry of the list of tables that is a mapping.
struct TableEntryReader {
    enum Key: String, CaseIterable {
        case name, direction, to, route, `where`
        case localWrites = "local-writes"
        case conflict
        case into, columns
        case leaveOut = "leave-out"
        case newColumns = "new-columns"
        case accept

        /// Where the key is; nil: it is for both, or for none.
        func place(of direction: TableRule.Direction) -> OfficeRole? {
            switch self {
            case .to, .route: .head
            case .where: direction == .down ? nil : .head
            case .localWrites: .branch
            case .into, .columns, .leaveOut, .newColumns: direction == .down ? .branch : .head
            case .name, .direction, .conflict, .accept: nil
            }
        }

        /// For which tables it is; nil: for any, or for none.
        var directions: [TableRule.Direction]? {
            switch self {
            case .to, .route: [.down, .shared]
            case .localWrites: [.down]
            case .conflict: [.shared]
            case .into, .columns, .leaveOut, .newColumns: [.up, .down]
            case .name, .direction, .where, .accept: nil
            }
        }
    }

    private var fields: TableFields<Key>
    /// nil: the office is not known.
    private let role: OfficeRole?

    init(_ mapping: Node.Mapping, number: Int, role: OfficeRole?) {
        fields = TableFields(mapping, of: "entry \(number)")
        self.role = role
    }

    var problems: [String] { fields.problems }

    /// - Returns: nil when it is about no table; otherwise what could be read, whatever the problems.
    mutating func read() -> TableEntry? {
        if fields[.accept] != nil { return accept() }
        let name = fields.table(.name, fields.require(.name, hint: "write name: and the table's name"))
        if let name { fields.subject = name.description }
        fields.noteUnknownKeys()
        let direction = direction()
        notePlaces(direction)
        let (to, route) = (to(), route())
        if fields[.route] != nil, to { fields.note("to: all and route do not go together; leave one out") }
        let filter = fields.text(.where)
        let localWrites = fields.choice(.localWrites, of: TableRule.LocalWrites.self)
        let conflict = conflict(direction)
        let mapping = mapping(filter, direction)
        guard let name else { return nil }
        return .table(
            TableRule(
                name, direction: direction ?? .up, route: route ?? .all, filter: isOfSender(direction) ? filter : nil,
                localWrites: localWrites ?? .refuse, conflict: conflict, mapping: mapping))
    }

    /// `accept: new`
    private mutating func accept() -> TableEntry? {
        fields.noteUnknownKeys()
        let others = Key.allCases.filter { $0 != .accept && fields[$0] != nil }.map(\.rawValue)
        if !others.isEmpty {
            fields.note(
                "accept is for all tables that are missing; take it into an entry of its own, without "
                    + others.joined(separator: " and "))
        }
        if let text = fields.text(.accept), text != "new" {
            fields.note(InvalidSetting.notOneOf(["new"], text), of: .accept)
        }
        return .acceptsNew
    }

    /// - Returns: nil when what is there is none.
    private mutating func direction() -> TableRule.Direction? {
        guard fields[.direction] != nil else { return .up }
        return fields.choice(.direction, of: TableRule.Direction.self)
    }

    private mutating func notePlaces(_ direction: TableRule.Direction?) {
        for key in Key.allCases where fields[key] != nil {
            if let direction, let directions = key.directions, !directions.contains(direction) {
                let names = directions.map(\.rawValue).joined(separator: " or ")
                fields.note(
                    "\(key.rawValue) is for \(names) tables; write direction: \(directions[0].rawValue), or leave \(key.rawValue) out"
                )
            } else if let role, let place = key.place(of: direction ?? .up), role != place {
                let stores = [.into, .columns, .leaveOut, .newColumns].contains(key)
                let reason =
                    stores || direction == .up
                    ? "the office that stores the rows, \(place == .head ? "the head" : "the branch")"
                    : place == .head ? "the head, which sends the rows" : "the branches, whose programs write there"
                fields.note("\(key.rawValue) is for \(reason); leave it out here")
            }
        }
    }

    /// - Returns: nil when there is none, or what is there is none.
    private mutating func conflict(_ direction: TableRule.Direction?) -> ConflictPolicy? {
        guard let node = fields[.conflict] else {
            if direction == .shared {
                fields.note("a shared table needs conflict; write \(ConflictReader.example), or another policy")
            }
            return nil
        }
        var reader = ConflictReader(of: "\(fields.subject): conflict")
        let policy = reader.read(node)
        fields.add(reader.problems)
        return policy
    }

    /// Whether `where` says which rows go, and not which ones are stored.
    private func isOfSender(_ direction: TableRule.Direction?) -> Bool {
        switch direction ?? .up {
        case .up: false
        case .down: role != .branch
        case .shared: true
        }
    }

    /// Of the office that stores the rows.
    /// - Parameter filter: `where`.
    private mutating func mapping(_ filter: String?, _ direction: TableRule.Direction?) -> RowMapping? {
        var mapping = RowMapping(filter: isOfSender(direction) ? nil : filter)
        mapping.into = fields.table(.into, fields.text(.into))
        if let node = fields[.columns] {
            var reader = ColumnSourcesReader(of: "\(fields.subject): columns")
            mapping.columns = reader.read(node)
            fields.add(reader.problems)
        }
        if let node = fields[.leaveOut] {
            let names = (node.sequence.map(Array.init) ?? [node]).map { $0.text?.trimmed ?? "" }
            if names.contains("") { fields.note("is a list of names; write [note, secret]", of: .leaveOut) }
            mapping.leftOut = names.filter { !$0.isEmpty }
        }
        mapping.newColumns = fields.choice(.newColumns, of: NewColumns.self)
        for name in mapping.leftOut where mapping.columns[name] != nil {
            fields.note("\(name) is under columns too; leave one out", of: .leaveOut)
        }
        return mapping.isEmpty ? nil : mapping
    }

    /// Whether `to: all` is there.
    private mutating func to() -> Bool {
        guard let text = fields.text(.to) else { return false }
        guard text != "all" else { return true }
        let near = Suggestion.nearest(to: text, among: ["all"]).map { "did you mean \($0)?" }
        fields.note("\"\(text)\" is not all; \(near ?? "for some of the branches, write route in its place")", of: .to)
        return false
    }

    private mutating func route() -> TableRoute? {
        guard let node = fields[.route] else { return nil }
        guard let mapping = node.mapping else {
            fields.note("is not a mapping; write \(TableRouteReader.example)", of: .route)
            return nil
        }
        var reader = TableRouteReader(mapping, of: "\(fields.subject): route")
        let route = reader.read()
        fields.add(reader.problems)
        return route
    }
}
