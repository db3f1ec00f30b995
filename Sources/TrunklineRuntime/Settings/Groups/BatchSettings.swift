/// How large batches get, and how many are in flight.
public struct BatchSettings: Hashable, Sendable {
    public var rows: Int
    public var bytes: Int
    public var window: Int
    public var maxRowBytes: Int
    /// After so long without a word of the receiver a batch without changes goes.
    public var idleInterval: Duration
}

extension BatchSettings {
    init?(_ reader: inout SettingsReader) {
        let rows = reader.require(SettingTable.batchRows)
        let bytes = reader.require(SettingTable.batchBytes)
        let window = reader.require(SettingTable.batchWindow)
        let maxRowBytes = reader.require(SettingTable.batchMaxRowBytes)
        let idleInterval = reader.require(SettingTable.batchIdleInterval)
        guard let rows, let bytes, let window, let maxRowBytes, let idleInterval else { return nil }
        self.init(rows: rows, bytes: bytes, window: window, maxRowBytes: maxRowBytes, idleInterval: idleInterval)
    }
}
