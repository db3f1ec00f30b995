internal import Configuration
internal import TrunklineCore
internal import Yams

/// The YAML file. A key without a value counts as not given.
struct FileLayer {
    /// None without a file.
    private(set) var providers: [any ConfigProvider] = []
    private(set) var keys: Set<String> = []
    private(set) var problems: [String] = []

    init(path: String?) async throws(SettingsError) {
        guard let path else { return }
        do {
            guard let root = try Yams.compose(yaml: try TextFile.read(path)) else { return }
            if root.scalar?.string.isEmpty == true { return }
            guard let mapping = root.mapping else { throw InvalidSetting("is not a mapping of keys to values") }
            let tables = try mapping["tables"].flatMap { try FileLayer.selection($0) }
            let values = FileLayer.flattened(mapping)
            keys = Set(values.filter { $0.value.scalar?.string.isEmpty != true }.keys)
            problems = values.keys.sorted().compactMap(FileLayer.problem)
            let location = ConfigReader(
                provider: InMemoryProvider(values: ["filePath": ConfigValue(.string(path), isSecret: false)]))
            // Before the file: whoever comes first is heard.
            if let tables {
                let items = ConfigValue(.stringArray(tables), isSecret: false)
                providers.append(InMemoryProvider(name: "tables", values: ["tables": items]))
            }
            providers.append(
                try await FileProvider<YAMLSnapshot>(parsingOptions: .init(secretsSpecifier: .all), config: location))
        } catch let error as InvalidSetting {
            throw SettingsError(["configuration file \(path): \(error.reason)"])
        } catch let error as YamlError {
            throw SettingsError(["configuration file \(path): \(FileLayer.reason(of: error))"])
        } catch {
            // Its description may quote the file, and with it a secret.
            throw SettingsError([
                "configuration file \(path): cannot be read as configuration; write keys, values and lists of values"
            ])
        }
    }

    /// The items that `tables: {all: true, except: [a, b]}` means; nil for a list or a text.
    private static func selection(_ node: Node) throws(InvalidSetting) -> [String]? {
        guard let mapping = node.mapping else { return nil }
        for key in mapping.keys.compactMap({ $0.scalar?.string }) where key != "all" && key != "except" {
            throw InvalidSetting("tables.\(key) is unknown; tables: takes a list, all, or {all: true, except: [a, b]}")
        }
        guard mapping["all"]?.scalar?.string == "true" else {
            throw InvalidSetting("tables: {except: …} goes with all: true; without it, list the tables")
        }
        let exceptions = mapping["except"].map { $0.sequence.map(Array.init) ?? [$0] } ?? []
        return try [TableListText.all]
            + exceptions.map { node throws(InvalidSetting) in
                guard let name = node.scalar?.string else { throw InvalidSetting("tables.except: is a list of names") }
                return "-" + name
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

    /// What is wrong and where, without the text of the line, which may hold a secret.
    private static func reason(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            "line \(context.mark.line): \(duplicates.joined(separator: ", ")) is given twice"
        case .no, .memory, .reader, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            "is not YAML"
        }
    }
}
