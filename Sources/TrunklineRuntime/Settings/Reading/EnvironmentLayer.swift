internal import Configuration
internal import TrunklineCore

/// The `TRUNKLINE_…` variables. An empty one counts as not given, as from `${X:-}` in a compose file.
struct EnvironmentLayer {
    let provider: any ConfigProvider
    /// The keys that are given, under the names of the YAML file.
    let keys: Set<String>
    let problems: [String]
    /// The path in `TRUNKLINE_CONFIG`.
    let configurationFile: String?

    static let configurationFileName = "TRUNKLINE_CONFIG"
    static let testPrefix = "TRUNKLINE_TEST_"

    init(_ environment: [String: String]) {
        let ours = environment.filter { $0.key.hasPrefix(SettingKey.environmentPrefix) && !$0.value.isEmpty }
        configurationFile = ours[EnvironmentLayer.configurationFileName]
        let namesByVariable = Dictionary(
            uniqueKeysWithValues: SettingTable.names.map { (SettingKey.environmentName(of: $0), $0) })
        var keys: Set<String> = []
        var problems: [String] = []
        for variable in ours.keys.sorted() {
            if let name = namesByVariable[variable] {
                keys.insert(name)
            } else if variable != EnvironmentLayer.configurationFileName,
                !variable.hasPrefix(EnvironmentLayer.testPrefix)
            {
                let near = Suggestion.nearest(to: variable, among: namesByVariable.keys.sorted())
                problems.append(
                    "unknown environment variable \(variable)" + (near.map { ", did you mean \($0)?" } ?? "; unset it"))
            }
        }
        self.keys = keys
        self.problems = problems
        provider = EnvironmentVariablesProvider(environmentVariables: ours, secretsSpecifier: .all)
            .prefixKeys(with: "trunkline")
    }
}
