internal import FoundationEssentials
internal import Logging
internal import TrunklineCore

/// One log message as one line, without its line feed.
struct LogLine {
    var time: Date
    var level: Logger.Level
    var label: String
    var message: String
    var metadata: Logger.Metadata

    func formatted(as format: LogSettings.Format) -> String {
        switch format {
        case .text: text
        case .json: json
        }
    }

    /// `2026-01-02T03:04:05.678Z info head-ingestor: batch stored batch=7 stream=east>head`
    var text: String {
        let fields = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\(LogLine.field($0.value.description))" }
        return "\(timestamp) \(level.rawValue) \(label): \(LogLine.oneLine(message))\(fields.joined())"
    }

    /// An object with `time`, `level`, `service`, `version`, `message` and the metadata beside them.
    var json: String {
        var metadata = metadata
        let service = metadata.removeValue(forKey: LogKey.service)?.description ?? label
        var pairs = [
            ("time", timestamp), ("level", level.rawValue), ("service", service),
            ("version", ProductVersion.current), ("message", message),
        ]
        let taken = Set(pairs.map(\.0))
        pairs += metadata.sorted { $0.key < $1.key }.map {
            (taken.contains($0.key) ? "metadata_\($0.key)" : $0.key, $0.value.description)
        }
        return "{" + pairs.map { "\(JSONText.quoted($0.0)):\(JSONText.quoted($0.1))" }.joined(separator: ",") + "}"
    }

    private var timestamp: String {
        time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Quoted when it would be hard to read back: empty, or with white space, quotes or characters that are not to be seen.
    private static func field(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && !SafeText.isUnsafe($0) }
        return isPlain && !text.isEmpty ? text : JSONText.quoted(text)
    }

    private static func oneLine(_ text: String) -> String {
        text.unicodeScalars.contains(where: SafeText.isUnsafe) ? JSONText.quoted(text) : text
    }
}
