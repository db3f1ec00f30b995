internal import Yams

/// Reads typed settings and collects what is wrong instead of stopping at the first problem.
struct SettingsReader {
    private let sources: SettingSources
    private(set) var problems: [String]

    init(_ sources: SettingSources) {
        self.sources = sources
        problems = sources.problems
    }

    /// - Returns: the value or the default; nil when there is neither, or when the value is no good, which is noted.
    mutating func read<Value>(_ setting: Setting<Value>) -> Value? {
        precondition(SettingTable.keys.contains(setting.key), "\(setting.key.name) is not in the table of keys")
        do throws(InvalidSetting) {
            guard let raw = try sources.value(of: setting.key) else { return setting.fallback }
            switch raw {
            case .text(let text):
                if let parseTree = setting.type.parseTree, let value = try structured(text, of: setting.key, parseTree)
                {
                    return value
                }
                return try setting.type.parse(setting.type.isPath ? sources.path(text, of: setting.key) : text)
            case .tree(let tree):
                guard let parseTree = setting.type.parseTree else {
                    throw InvalidSetting("takes one value, not a list")
                }
                return try parseTree(tree)
            }
        } catch {
            for reason in error.reasons { note("\(setting.key.name)\(origin(of: setting.key)): \(reason)") }
            return nil
        }
    }

    /// A text that stands for a list or mapping: JSON, or `@` and the path of a file with YAML or JSON.
    /// - Returns: nil when it is neither.
    private func structured<Value>(
        _ text: String, of key: SettingKey, _ parse: (Node) throws(InvalidSetting) -> Value
    ) throws(InvalidSetting) -> Value? {
        let text = text.trimmed
        if text.hasPrefix("[") || text.hasPrefix("{") { return try YAMLText.tree(text).map(parse) }
        guard text.hasPrefix("@") else { return nil }
        let path = sources.path(String(text.dropFirst()).trimmed, of: key)
        let document = try TextFile.read(path)
        do throws(InvalidSetting) {
            guard let tree = try YAMLText.tree(document) else { throw InvalidSetting("is empty") }
            return try parse(tree)
        } catch {
            throw InvalidSetting(error.reasons.map { "\(path): \($0)" })
        }
    }

    /// As ``read(_:)``, but a missing value is a problem.
    mutating func require<Value>(_ setting: Setting<Value>) -> Value? {
        let before = problems.count
        let value = read(setting)
        if value == nil, problems.count == before { missing(setting, hint: nil) }
        return value
    }

    mutating func missing<Value>(_ setting: Setting<Value>, hint: String?) {
        let key = setting.key
        guard !isInvalid(key) else { return }
        let file = key.fileKeyName.map { " or the file \(SettingKey.environmentName(of: $0))" } ?? ""
        note(
            "\(key.name): is missing; set it in the configuration file or as \(key.environmentName)\(file)"
                + (hint.map { "; \($0)" } ?? ""))
    }

    mutating func note(_ problem: String) { problems.append(problem) }

    /// The path of the file that gives a secret; nil: it is given by itself.
    func secretFile(of key: SettingKey) -> String? { sources.secretFile(of: key) }

    func isGiven(_ key: SettingKey) -> Bool { sources.origin(of: key) != nil }

    private func isInvalid(_ key: SettingKey) -> Bool {
        isGiven(key) && problems.contains { $0.hasPrefix(key.name + origin(of: key) + ":") }
    }

    /// ` (from TRUNKLINE_BATCH_ROWS)`, where it is not the file.
    private func origin(of key: SettingKey) -> String {
        switch sources.origin(of: key) {
        case .flags: " (from the command line)"
        case .environment: " (from \(key.environmentName))"
        case .file, nil: ""
        }
    }
}
