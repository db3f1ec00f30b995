/// One key of the configuration: everything about it except its Swift type.
public struct SettingKey: Hashable, Sendable {
    /// As the YAML file nests it: `batch.max-row-bytes`.
    public var name: String
    /// What may be written, for people: `duration`, `whole number, 1 to 200000`.
    public var type: String
    /// The default as one would write it; nil: there is none, or none that is constant.
    public var defaultText: String?
    /// What happens without a value, in words, where that is no constant.
    public var defaultNote: String?
    public var help: String
    /// Whether the value must never be shown. Such a key has a twin that names a file with the value.
    public var isSecret: Bool

    /// `TRUNKLINE_BATCH_MAX_ROW_BYTES`.
    public var environmentName: String { SettingKey.environmentName(of: name) }

    /// The key that names a file with the value, `database.url-file`; nil for a key that is no secret.
    public var fileKeyName: String? { isSecret ? name + "-file" : nil }

    static let environmentPrefix = "TRUNKLINE_"

    static func environmentName(of name: String) -> String {
        environmentPrefix + String(name.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
    }
}
