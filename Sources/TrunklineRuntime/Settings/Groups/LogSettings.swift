public import Logging

/// What is logged to stderr, and how.
public struct LogSettings: Hashable, Sendable {
    public enum Format: String, Sendable, CaseIterable {
        case text, json
    }

    public var level: Logger.Level
    public var format: Format
}

extension LogSettings {
    init?(_ reader: inout SettingsReader) {
        let level = reader.require(SettingTable.logLevel)
        let format = reader.require(SettingTable.logFormat)
        guard let level, let format else { return nil }
        self.init(level: level, format: format)
    }
}
