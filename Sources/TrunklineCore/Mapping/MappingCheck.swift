extension ReceiverEngine {
    /// What is wrong with mappings, as far as it can be known before rows come: all of it, each with the key of the
    /// configuration.
    /// - Parameter streams: those that came before, whose tables' shapes may be known.
    public func problems(of rules: [MappedTableRule], in streams: [StreamID]) throws(StoreError) -> [String] {
        var problems: [String] = []
        for (index, rule) in rules.enumerated() {
            let target = rule.mapping.into ?? rule.name
            if let other = rules[..<index].first(where: { ($0.mapping.into ?? $0.name) == target }) {
                problems.append("\(rule.name): into: \(target) takes the rows of \(other.name) already")
                continue
            }
            let own = try computer.columns(of: target)
            var found = try problemsOfColumns(rule, target, own)
            if found.isEmpty { found = try problemsOfShapes(rule, own, streams) }
            problems += found
        }
        return problems
    }

    private func problemsOfColumns(
        _ rule: MappedTableRule, _ target: TableName, _ own: [Column]?
    ) throws(StoreError) -> [String] {
        var problems: [String] = []
        for (name, source) in rule.mapping.columns.sorted(by: { $0.key < $1.key }) {
            let key = "\(rule.name): columns: \(name)"
            if let own {
                if !own.contains(where: { $0.name == name }) {
                    let near =
                        Suggestion.nearest(to: name, among: own.map(\.name)).map { ", did you mean \($0)?" } ?? ""
                    problems.append("\(key): table \"\(target)\" has no such column\(near)")
                }
            } else if !source.mayBeName {
                problems.append(
                    "\(key): table \"\(target)\" does not exist, so that nobody knows the column's type; make it")
            }
            guard case .lookup(let lookup) = source else { continue }
            guard let columns = try computer.columns(of: lookup.table) else {
                problems.append("\(key): lookup: there is no table \"\(lookup.table)\"")
                continue
            }
            for (part, column) in [("match", lookup.match), ("take", lookup.take)]
            where !columns.contains(where: { $0.name == column }) {
                problems.append("\(key): \(part): table \"\(lookup.table)\" has no column \(column)")
            }
        }
        return problems
    }

    /// Against the tables of the senders, as they came last.
    private func problemsOfShapes(
        _ rule: MappedTableRule, _ own: [Column]?, _ streams: [StreamID]
    ) throws(StoreError) -> [String] {
        var problems: [String] = []
        for stream in streams {
            guard let shape = try books.shapes(of: [rule.name], stream)[rule.name] else { continue }
            let table = TableHeader(
                name: rule.name, key: shape.key, columns: shape.columns, rows: 0, rowBytes: 0, deletes: 0,
                deleteBytes: 0, allNew: false)
            let place = MappedSink.place(of: stream)
            let problem: String?
            switch MappedTable.resolve(table, rule.mapping, own: own, at: place) {
            case .unfit(let reason): problem = reason
            case .mapped(let mapped):
                problem = mapped.computation.isEmpty ? nil : try computer.problem(of: mapped.computation, over: table)
            }
            if let problem { problems.append("\(problem) (as \(stream.source) sends it)") }
        }
        return problems
    }
}

extension RowMapping.Source {
    /// Whether it may be a column of the sender under another name, of which nothing is computed.
    fileprivate var mayBeName: Bool {
        guard case .expression(let text) = self else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
                true
            default: false
            }
        }
    }
}
