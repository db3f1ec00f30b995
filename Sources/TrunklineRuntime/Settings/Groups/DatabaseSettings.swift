/// Where this office's database is.
public struct DatabaseSettings: Hashable, Sendable {
    public var url: SecretURL
    /// The file that the URL stands in, if any: it is read again at each connect.
    public var urlFile: String?

    public enum Kind: Sendable { case postgres, sqlite }

    public var kind: Kind { url.scheme == "sqlite" ? .sqlite : .postgres }
}

extension DatabaseSettings {
    init?(_ reader: inout SettingsReader) {
        guard let url = reader.require(SettingTable.databaseURL) else { return nil }
        self.init(url: url, urlFile: reader.secretFile(of: SettingTable.databaseURL.key))
    }
}
