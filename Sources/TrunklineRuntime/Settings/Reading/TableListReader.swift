internal import TrunklineCore
internal import Yams

/// Reads `tables`, and collects what is wrong instead of stopping at the first problem.
struct TableListReader {
    /// nil: the office is not known, so that nothing can be said of what belongs at the other side.
    private let role: OfficeRole?
    private var problems: [String] = []

    private init(_ role: OfficeRole?) { self.role = role }

    /// - Parameter tree: a list, a mapping with `all`, or names with commas between.
    static func selection(_ tree: Node, at role: OfficeRole?) throws(InvalidSetting) -> TableSelection {
        var reader = TableListReader(role)
        let selection = reader.selection(tree)
        guard reader.problems.isEmpty else { throw InvalidSetting(reader.problems) }
        return selection
    }

    private mutating func selection(_ tree: Node) -> TableSelection {
        if let mapping = tree.mapping { return every(mapping) }
        let entries = tree.sequence.map(Array.init) ?? TableListText.split(tree.scalar?.string ?? "").map { Node($0) }
        let words = entries.compactMap(\.scalar?.string)
        guard words.contains(TableListText.all) else { return listed(entries) }
        if words.count < entries.count {
            problems.append("all is every table, each of them up; where some are down, list all of them by name")
        }
        return every(besides: words.filter { $0 != TableListText.all })
    }

    /// `{all: true, except: [a, b]}`
    private mutating func every(_ mapping: Node.Mapping) -> TableSelection {
        let names = mapping.keys.compactMap { $0.scalar?.string }
        problems += names.filter { $0 != "all" && $0 != "except" }.map {
            "unknown key \($0); tables takes a list, all, or {all: true, except: [a, b]}"
        }
        if problems.isEmpty, mapping["all"]?.scalar?.string != "true" {
            problems.append("{except: …} goes with all: true; without it, list the tables")
        }
        let exceptions = mapping["except"].map { $0.sequence.map(Array.init) ?? [$0] } ?? []
        let words = exceptions.compactMap(\.scalar?.string)
        if words.count < exceptions.count { problems.append("except is a list of names; write except: [a, b]") }
        return every(besides: words.map { "-" + $0 })
    }

    private mutating func every(besides exceptions: [String]) -> TableSelection {
        var tables: [TableName] = []
        for word in exceptions {
            guard word.hasPrefix("-") else {
                problems.append("all is every table, \(word) too; leave \(word) out, or all")
                continue
            }
            guard let table = table(String(word.dropFirst()).trimmed) else { continue }
            if tables.contains(table) { noteTwice(table) }
            tables.append(table)
        }
        return .all(except: tables)
    }

    private mutating func listed(_ entries: [Node]) -> TableSelection {
        var rules: [TableRule] = []
        var acceptsNew = false
        for (index, entry) in entries.enumerated() {
            switch read(entry, number: index + 1) {
            case .table(let rule):
                noteRepeated(rule, after: rules)
                rules.append(rule)
            case .acceptsNew:
                if acceptsNew { problems.append("entry \(index + 1): accept: new is there twice; leave one out") }
                acceptsNew = true
            case nil: break
            }
        }
        return .listed(rules, acceptsNew: acceptsNew)
    }

    private mutating func read(_ entry: Node, number: Int) -> TableEntry? {
        if let mapping = entry.mapping {
            var reader = TableEntryReader(mapping, number: number, role: role)
            let entry = reader.read()
            problems += reader.problems
            return entry
        }
        guard let word = entry.text, !word.isEmpty else {
            problems.append("entry \(number): is neither a table's name nor a mapping; write name, or {name: …}")
            return nil
        }
        guard !word.hasPrefix("-") else {
            problems.append(
                "\"\(word)\" is an exception, of which there are some from all only; write all,\(word)")
            return nil
        }
        return table(word).map { .table(TableRule($0)) }
    }

    private mutating func table(_ text: String) -> TableName? {
        do throws(InvalidSetting) {
            return try TableListText.table(text)
        } catch {
            problems += error.reasons
            return nil
        }
    }

    /// Two spellings of a table with one rule are for the database to bring together; two rules are nobody's.
    private mutating func noteRepeated(_ rule: TableRule, after others: [TableRule]) {
        guard let other = others.first(where: { $0.name.withoutPublic == rule.name.withoutPublic }) else { return }
        if other.name == rule.name { return noteTwice(rule.name) }
        var same = other
        same.name = rule.name
        if same != rule { problems.append("\(rule.name): is named as \(other.name) too; leave one out") }
    }

    private mutating func noteTwice(_ table: TableName) {
        problems.append("\(table): is named twice; leave one out")
    }
}

extension TableName {
    /// The default schema of PostgreSQL may be said or not.
    fileprivate var withoutPublic: TableName { schema == "public" ? TableName(name) : self }
}
