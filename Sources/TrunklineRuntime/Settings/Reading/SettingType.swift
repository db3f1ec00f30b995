internal import TrunklineCore
internal import TrunklineMonitoring
internal import Yams

/// How the text of a setting becomes a value, and back.
struct SettingType<Value: Sendable>: Sendable {
    /// As the reference calls it.
    let name: String
    let parse: @Sendable (String) throws(InvalidSetting) -> Value
    let format: @Sendable (Value) -> String
    /// Reads a list or mapping; nil where neither makes sense.
    var parseTree: (@Sendable (Node) throws(InvalidSetting) -> Value)?
    /// Whether it is the path of a file, which in a YAML file is relative to that file.
    var isPath = false

    init(
        _ name: String, parse: @escaping @Sendable (String) throws(InvalidSetting) -> Value,
        format: @escaping @Sendable (Value) -> String
    ) {
        self.name = name
        self.parse = parse
        self.format = format
    }
}

/// Why a text is no value of a type, in words that follow the key's name. Never repeats a secret.
struct InvalidSetting: Error {
    /// At least one.
    var reasons: [String]

    init(_ reason: String) { reasons = [reason] }

    init(_ reasons: [String]) {
        precondition(!reasons.isEmpty, "an error without a reason")
        self.reasons = reasons
    }

    /// All of them in one line.
    var reason: String { reasons.joined(separator: "; ") }

    static func notOneOf(_ words: [String], _ text: String) -> String {
        let one = words.count == 1 ? "" : "one of "
        return "\"\(text)\" is not \(one)\(words.joined(separator: ", "))"
            + (Suggestion.nearest(to: text, among: words).map { "; did you mean \($0)?" } ?? "")
    }
}

extension SettingType where Value == Int {
    static func integer(_ range: ClosedRange<Int>, unit: String? = nil) -> SettingType {
        let unitText = unit.map { "\($0), " } ?? ""
        return SettingType("\(unitText)\(range.lowerBound) to \(range.upperBound)") { text throws(InvalidSetting) in
            guard let value = Int(text) else { throw InvalidSetting("\"\(text)\" is not a whole number") }
            guard range.contains(value) else {
                throw InvalidSetting("\(value) is not from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        } format: {
            String($0)
        }
    }
}

extension SettingType where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> SettingType {
        let words = "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        return SettingType("duration, \(words)") { text throws(InvalidSetting) in
            guard let value = DurationText.parse(text) else {
                throw InvalidSetting("\"\(text)\" is not a duration; write it like 500ms, 90s, 5m or 2h")
            }
            guard range.contains(value) else { throw InvalidSetting("\(text) is not from \(words)") }
            return value
        } format: {
            DurationText.format($0)
        }
    }
}

extension SettingType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var choice: SettingType {
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return SettingType("one of \(words)") { text throws(InvalidSetting) in
            if let value = Value(rawValue: text) { return value }
            throw InvalidSetting(InvalidSetting.notOneOf(Value.allCases.map(\.rawValue), text))
        } format: {
            $0.rawValue
        }
    }
}

extension SettingType where Value == Bool {
    static var boolean: SettingType {
        SettingType("true or false") { text throws(InvalidSetting) in
            guard let value = Bool(text.lowercased()) else {
                throw InvalidSetting("\"\(text)\" is neither true nor false")
            }
            return value
        } format: {
            String($0)
        }
    }
}

extension SettingType where Value == OfficeID {
    static var office: SettingType {
        SettingType("office name") { text throws(InvalidSetting) in
            guard let office = OfficeID(text) else {
                throw InvalidSetting(
                    "\"\(text)\" is not an office name; use a-z, 0-9 and -, at most 63 of them, not - at the start")
            }
            return office
        } format: {
            $0.description
        }
    }
}

extension SettingType where Value == MonitoringAddress {
    static var address: SettingType {
        SettingType("host:port") { text throws(InvalidSetting) in
            guard let address = MonitoringAddress(text) else {
                throw InvalidSetting("\"\(text)\" is not a host and a port; write it like 127.0.0.1:9464 or [::]:9464")
            }
            return address
        } format: {
            $0.description
        }
    }
}

extension SettingType where Value == String {
    /// The path of a file that can be read.
    static var readableFile: SettingType {
        var type = SettingType("path of a file") { text throws(InvalidSetting) in
            if let problem = TextFile.problem(at: text) { throw InvalidSetting(problem) }
            return text
        } format: {
            $0
        }
        type.isPath = true
        return type
    }
}

extension SettingType where Value == SecretURL {
    static func url(schemes: [String]) -> SettingType {
        let words = schemes.map { "\($0)://" }.joined(separator: " or ")
        return SettingType("URL, \(words)") { text throws(InvalidSetting) in
            guard let url = SecretURL(text) else { throw InvalidSetting("is not a URL; write \(words)…") }
            guard schemes.contains(url.scheme) else {
                throw InvalidSetting("does not begin with \(words)")
            }
            return url
        } format: {
            $0.description
        }
    }
}

extension SettingType where Value == TableSelection {
    /// - Parameter role: whose configuration it is; nil: that is not known.
    static func tables(at role: OfficeRole?) -> SettingType {
        var type = SettingType("list, names with commas between, or @ and a file") { text throws(InvalidSetting) in
            try TableListReader.selection(Node(text), at: role)
        } format: { selection in
            TableListText.text(selection)
        }
        type.parseTree = { tree throws(InvalidSetting) in try TableListReader.selection(tree, at: role) }
        return type
    }
}
