/// What a receiver accepts, and how often it tries set-aside rows again.
public struct ReceiverSettings: Hashable, Sendable {
    public var prefetch: Int
    public var maxMessageBytes: Int
    public var maxBodyBytes: Int
    public var retryInterval: Duration
}

extension ReceiverSettings {
    init?(_ reader: inout SettingsReader) {
        let prefetch = reader.require(SettingTable.receiverPrefetch)
        let maxMessageBytes = reader.require(SettingTable.receiverMaxMessageBytes)
        let maxBodyBytes = reader.require(SettingTable.receiverMaxBodyBytes)
        let retryInterval = reader.require(SettingTable.retryInterval)
        guard let prefetch, let maxMessageBytes, let maxBodyBytes, let retryInterval else { return nil }
        self.init(
            prefetch: prefetch, maxMessageBytes: maxMessageBytes, maxBodyBytes: maxBodyBytes,
            retryInterval: retryInterval)
    }
}
