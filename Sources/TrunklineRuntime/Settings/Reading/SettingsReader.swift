internal import Configuration

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
                return try setting.type.parse(setting.type.isPath ? sources.path(text, of: setting.key) : text)
            case .items(let items):
                guard let parseItems = setting.type.parseItems else {
                    throw InvalidSetting("takes one value, not a list")
                }
                return try parseItems(items)
            }
        } catch {
            note("\(setting.key.name)\(origin(of: setting.key)): \(error.reason)")
            return nil
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
