internal import TrunklineCore
internal import Yams

/// The values of a mapping within the list of tables, by its keys. Collects what is wrong.
struct TableFields<Key: RawRepresentable<String> & CaseIterable & Hashable> {
    /// What it is about, at the begin of each problem: `price: route`.
    var subject: String
    private let values: [String: Node]
    private(set) var problems: [String] = []

    init(_ mapping: Node.Mapping, of subject: String) {
        self.subject = subject
        values = Dictionary(mapping.map { ($0.key.scalar?.string ?? "?", $0.value) }) { first, _ in first }
    }

    static var names: [String] { Key.allCases.map(\.rawValue) }

    mutating func noteUnknownKeys() {
        for name in values.keys.sorted() where Key(rawValue: name) == nil {
            let near = Suggestion.nearest(to: name, among: Self.names)
            note("unknown key \(name)" + (near.map { ", did you mean \($0)?" } ?? "; it takes \(Self.list)"))
        }
    }

    private static var list: String { names.joined(separator: ", ") }

    subscript(key: Key) -> Node? { values[key.rawValue] }

    /// Its one value. Empty is no value: a filter or route of which nothing is left would let all rows through.
    mutating func text(_ key: Key) -> String? {
        guard let node = self[key] else { return nil }
        guard let text = node.text?.trimmed else {
            note("takes one value, not a list or mapping", of: key)
            return nil
        }
        guard !text.isEmpty else {
            note("is empty; give it a value, or leave it out", of: key)
            return nil
        }
        return text
    }

    /// As ``text(_:)``, but a missing value is a problem.
    mutating func require(_ key: Key, hint: String) -> String? {
        if self[key] == nil { note("has no \(key.rawValue); \(hint)") }
        return text(key)
    }

    mutating func choice<Value: RawRepresentable<String> & CaseIterable>(_ key: Key, of type: Value.Type) -> Value? {
        guard let text = text(key) else { return nil }
        let value = Value(rawValue: text)
        if value == nil { note(InvalidSetting.notOneOf(Value.allCases.map(\.rawValue), text), of: key) }
        return value
    }

    mutating func table(_ key: Key, _ text: String?) -> TableName? {
        guard let text else { return nil }
        do throws(InvalidSetting) {
            return try TableListText.table(text)
        } catch {
            for reason in error.reasons { note(reason, of: key) }
            return nil
        }
    }

    mutating func note(_ problem: String) { problems.append("\(subject): \(problem)") }
    mutating func note(_ problem: String, of key: Key) { note("\(key.rawValue): \(problem)") }
    mutating func add(_ others: [String]) { problems += others }
}
