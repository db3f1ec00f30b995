internal import Configuration
internal import TrunklineCore
internal import Yams

/// The YAML file. A key without a value counts as not given.
struct FileLayer {
    /// The keys with one value.
    private(set) var provider: any ConfigProvider = InMemoryProvider(values: [:])
    /// The keys with a list, and `tables` with a mapping: a provider has lists of texts only.
    private(set) var structures: [String: Node] = [:]
    private(set) var keys: Set<String> = []
    private(set) var problems: [String] = []

    init(path: String?) throws(SettingsError) {
        guard let path else { return }
        do throws(InvalidSetting) {
            guard let root = try YAMLText.tree(try TextFile.read(path)) else { return }
            if root.scalar?.string.isEmpty == true { return }
            guard let mapping = root.mapping else { throw InvalidSetting("is not a mapping of keys to values") }
            let values = FileLayer.flattened(mapping)
            keys = Set(values.filter { $0.value.scalar?.string.isEmpty != true }.keys)
            problems = values.keys.sorted().compactMap(FileLayer.problem)
            structures = values.filter { $0.value.scalar == nil }
            let texts = values.compactMapValues { $0.scalar?.string }.map {
                (AbsoluteConfigKey(ConfigKey($0.key).components), ConfigValue(.string($0.value), isSecret: true))
            }
            // Two spellings of a key, as `a.b: 1` beside `a: {b: 1}`, are one here.
            provider = InMemoryProvider(name: "file", values: Dictionary(texts) { first, _ in first })
        } catch {
            throw SettingsError(error.reasons.map { "configuration file \(path): \($0)" })
        }
    }

    private static func flattened(_ mapping: Node.Mapping, under prefix: String = "") -> [String: Node] {
        var values: [String: Node] = [:]
        for (key, value) in mapping {
            let name = prefix + (key.scalar?.string ?? "?")
            if name != "tables", let inner = value.mapping {
                values.merge(flattened(inner, under: name + ".")) { first, _ in first }
            } else {
                values[name] = value
            }
        }
        return values
    }

    private static func problem(withKey name: String) -> String? {
        guard !SettingTable.names.contains(name) else { return nil }
        let within = SettingTable.names.first { $0.hasPrefix(name + ".") }
        let near = within ?? Suggestion.nearest(to: name, among: SettingTable.names)
        return "unknown key \(name)"
            + (near.map { ", did you mean \($0)?" } ?? "; \"trunkline config\" lists all keys")
    }
}
