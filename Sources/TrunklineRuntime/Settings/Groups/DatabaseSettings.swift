/// Where this office's database is.
public struct DatabaseSettings: Hashable, Sendable {
    public var url: SecretURL

    public enum Kind: Sendable { case postgres, sqlite }

    public var kind: Kind { url.scheme == "sqlite" ? .sqlite : .postgres }
}

extension DatabaseSettings {
    init?(_ reader: inout SettingsReader) {
        guard let url = reader.require(SettingTable.databaseURL) else { return nil }
        self.init(url: url)
    }
}
