internal import TrunklineCore
internal import Yams

/// Reads what an entry of the list of tables says of columns here: `columns`, by their names.
struct ColumnSourcesReader {
    enum Key: String, CaseIterable {
        case value, expression, lookup, match, by, take
    }

    static let example = "{amount: qty, total_eur: \"total * 0.92\"}"

    private(set) var problems: [String] = []
    private let subject: String

    /// - Parameter subject: what stands at the begin of each problem.
    init(of subject: String) { self.subject = subject }

    mutating func read(_ node: Node) -> [String: RowMapping.Source] {
        guard let mapping = node.mapping else {
            problems.append("\(subject): is not a mapping; write \(Self.example)")
            return [:]
        }
        var sources: [String: RowMapping.Source] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string, !name.isEmpty else {
                problems.append("\(subject): has a column without a name")
                continue
            }
            sources[name] = source(value, name)
        }
        return sources
    }

    private mutating func source(_ node: Node, _ name: String) -> RowMapping.Source? {
        let subject = "\(subject): \(name)"
        if let sequence = node.sequence {
            let texts = sequence.compactMap { $0.text?.trimmed }.filter { !$0.isEmpty }
            guard texts.count == sequence.count, texts.count > 1 else {
                problems.append(
                    "\(subject): a list has two names of theirs or more, of which the first is taken that there is")
                return nil
            }
            return .firstOf(texts)
        }
        guard let mapping = node.mapping else {
            guard let text = node.text?.trimmed, !text.isEmpty else {
                problems.append(
                    "\(subject): is empty; write the name of a column of theirs, an expression, or {value: …}")
                return nil
            }
            return .expression(text)
        }
        var fields = TableFields<Key>(mapping, of: subject)
        fields.noteUnknownKeys()
        defer { problems += fields.problems }
        let kinds = [Key.value, .expression, .lookup].filter { fields[$0] != nil }
        guard kinds.count == 1 else {
            fields.note("takes one of value, expression and lookup")
            return nil
        }
        switch kinds[0] {
        case .value:
            guard let node = fields[.value], node.mapping == nil, node.sequence == nil else {
                fields.note("takes one value", of: .value)
                return nil
            }
            return .constant(node.isNull ? nil : node.scalar?.string ?? "")
        case .expression: return fields.text(.expression).map { .expression($0) }
        default:
            let table = fields.table(.lookup, fields.text(.lookup))
            let match = fields.require(
                .match, hint: "name the column of \(table?.description ?? "the table") that is compared")
            let by = fields.require(.by, hint: "name the column of theirs with which it is compared")
            let take = fields.require(.take, hint: "name the column whose value is taken")
            guard let table, let match, let by, let take else { return nil }
            return .lookup(RowMapping.Lookup(table: table, match: match, by: by, take: take))
        }
    }
}

extension Node {
    /// `~`, `null`, or nothing.
    fileprivate var isNull: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}
