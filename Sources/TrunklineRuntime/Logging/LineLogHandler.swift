internal import FoundationEssentials
public import Logging

/// Writes each message as one line, in one write, so that lines of several processes do not mix.
public struct LineLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogSettings.Format
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes a line with its line feed.
    public init(label: String, settings: LogSettings, write: @escaping @Sendable (String) -> Void) {
        self.label = label
        self.write = write
        format = settings.format
        logLevel = settings.level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = LogLine(
            time: Date(), level: event.level, label: label, message: event.message.description, metadata: all)
        write(line.formatted(as: format) + "\n")
    }
}
