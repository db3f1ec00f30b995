internal import Configuration
internal import FoundationEssentials
internal import Yams

/// The three layers of the configuration: flags over environment over the YAML file.
struct SettingSources {
    enum Layer: CaseIterable { case flags, environment, file }

    enum RawValue {
        case text(String)
        /// A list or mapping of the YAML file.
        case tree(Node)
    }

    /// Unknown keys.
    let problems: [String]
    private let reader: ConfigReader
    /// The keys that each layer gives, under the names of the YAML file.
    private let given: [Layer: Set<String>]
    private let structures: [String: Node]
    private let filePath: String?

    init(flags: [String: String], environment: [String: String], file: String?) throws(SettingsError) {
        let environment = EnvironmentLayer(environment)
        filePath = file ?? environment.configurationFile
        let file = try FileLayer(path: filePath)
        let flagValues = Dictionary(
            uniqueKeysWithValues: flags.map {
                (AbsoluteConfigKey(ConfigKey($0.key).components), ConfigValue(.string($0.value), isSecret: true))
            })
        given = [.flags: Set(flags.keys), .environment: environment.keys, .file: file.keys]
        structures = file.structures
        problems = file.problems + environment.problems
        reader = ConfigReader(
            providers: [InMemoryProvider(name: "flags", values: flagValues), environment.provider, file.provider])
    }

    /// The highest layer that gives the key, itself or by the file twin of a secret.
    func origin(of key: SettingKey) -> Layer? {
        Layer.allCases.first { layer in
            gives(layer, key.name) || key.fileKeyName.map { gives(layer, $0) } == true
        }
    }

    /// The value of the highest layer that has one. A secret may stand in a file that the layer names.
    func value(of key: SettingKey) throws(InvalidSetting) -> RawValue? {
        guard let layer = origin(of: key) else { return nil }
        if let fileKey = key.fileKeyName, gives(layer, fileKey) {
            guard !gives(layer, key.name) else {
                let names =
                    layer == .environment
                    ? [key.environmentName, SettingKey.environmentName(of: fileKey)] : [key.name, fileKey]
                throw InvalidSetting("both \(names[0]) and \(names[1]) are given; leave one out")
            }
            guard let path = reader.string(forKey: ConfigKey(fileKey)) else {
                throw InvalidSetting("\(fileKey) takes one path")
            }
            return .text(try secret(at: self.path(path, of: key)))
        }
        if layer == .file, let tree = structures[key.name] { return .tree(tree) }
        guard let text = reader.string(forKey: ConfigKey(key.name), isSecret: key.isSecret) else {
            throw InvalidSetting("takes one value")
        }
        return .text(text)
    }

    /// The path of the file that gives a secret; nil: it is given by itself.
    func secretFile(of key: SettingKey) -> String? {
        guard let layer = origin(of: key), let fileKey = key.fileKeyName, gives(layer, fileKey) else { return nil }
        return reader.string(forKey: ConfigKey(fileKey)).map { path($0, of: key) }
    }

    /// A path as it was meant: one in the YAML file is relative to that file.
    func path(_ path: String, of key: SettingKey) -> String {
        guard origin(of: key) == .file, let filePath, !path.hasPrefix("/") else { return path }
        return URL(filePath: filePath).deletingLastPathComponent().appending(path: path).path
    }

    private func gives(_ layer: Layer, _ name: String) -> Bool { given[layer]!.contains(name) }

    private func secret(at path: String) throws(InvalidSetting) -> String {
        let text = try TextFile.read(path).trimmed
        guard !text.isEmpty else { throw InvalidSetting("\(path) is empty") }
        return text
    }
}
