/// The reference of all keys, made from their table.
public enum SettingsReference {
    public static let keys = SettingTable.keys

    /// A Markdown table: key, environment variable, type, default, meaning.
    public static var markdown: String {
        let rows = keys.map { key in
            let file = key.fileKeyName.map { " (or `\($0)`)" } ?? ""
            let environment = key.fileKeyName.map { " (or `\(SettingKey.environmentName(of: $0))`)" } ?? ""
            let fallback = key.defaultText.map { "`\($0)`" } ?? key.defaultNote ?? ""
            return "| `\(key.name)`\(file) | `\(key.environmentName)`\(environment) | \(key.type) "
                + "| \(fallback) | \(key.help) |"
        }
        let head = ["| key | environment variable | type | default | meaning |", "| --- | --- | --- | --- | --- |"]
        return (head + rows).joined(separator: "\n")
    }
}
