extension ReceiverEngine {
    /// What is wrong with mappings, as far as it can be known before rows come: all of it, each with the key of the
    /// configuration.
    /// - Parameter streams: those that came before, whose tables' shapes may be known.
    /// - Returns: what is in the way, and what is only in the way of some senders' rows, which wait.
    public func problems(of rules: [MappedTableRule], in streams: [StreamID]) throws(StoreError)
        -> (refusals: [String], warnings: [String])
    {
        var (refusals, warnings): ([String], [String]) = ([], [])
        for (index, rule) in rules.enumerated() {
            let target = rule.mapping.into ?? rule.name
            if let other = rules[..<index].first(where: { ($0.mapping.into ?? $0.name).isSpelled(like: target) }) {
                refusals.append("\(rule.name): into: \(target) takes the rows of \(other.name) already")
                continue
            }
            let own = try computer.columns(of: target)
            let found = try problemsOfColumns(rule, target, own)
            refusals += found
            if found.isEmpty { warnings += try problemsOfShapes(rule, own, streams) }
        }
        return (refusals, warnings)
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
        var senders: [String: [String]] = [:]
        for stream in streams {
            guard let shape = try books.shapes(of: [rule.name], stream)[rule.name] else { continue }
            let table = TableHeader(
                name: rule.name, key: shape.key, columns: shape.columns, rows: 0, rowBytes: 0, deletes: 0,
                deleteBytes: 0, allNew: false)
            for problem in try self.problems(of: table, rule, own, at: MappedSink.place(of: stream)) {
                if senders[problem] == nil { problems.append(problem) }
                senders[problem, default: []].append(stream.source.description)
            }
        }
        return problems.map { problem in
            "\(problem) (as \(ShortReason.text(senders[problem]!.joined(separator: ", "))) \(senders[problem]!.count == 1 ? "sends" : "send") it; such rows wait)"
        }
    }

    private func problems(
        of table: TableHeader, _ rule: MappedTableRule, _ own: [Column]?, at place: String
    ) throws(StoreError) -> [String] {
        switch MappedTable.resolve(table, rule.mapping, own: own, at: place) {
        case .unfit(let reason): return [reason]
        case .mapped(let mapped):
            var parts = mapped.computation.values.map { RowComputation(values: [$0], filter: nil) }
            if let filter = mapped.computation.filter { parts.append(RowComputation(values: [], filter: filter)) }
            var problems: [String] = []
            for part in parts {
                if let problem = try computer.problem(of: part, over: table) { problems.append(problem) }
            }
            return problems
        }
    }
}

extension RowMapping.Source {
    /// Whether it may be a column of the sender under another name, of which nothing is computed.
    fileprivate var mayBeName: Bool {
        switch self {
        case .expression(let text): Self.isName(text)
        case .firstOf(let texts): texts.allSatisfy(Self.isName)
        case .constant, .lookup: false
        }
    }

    static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
                true
            default: false
            }
        }
    }
}
