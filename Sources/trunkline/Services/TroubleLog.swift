import Logging
import Synchronization
import TrunklineCore

/// Keeps what the services of a command complain of, so that the command can say what holds it up.
final class TroubleLog: Sendable {
    private let troubles = Mutex<[String: String]>([:])

    /// What a service failed at last and has not recovered from; nil when all goes well.
    var latest: String? { troubles.withLock { $0.sorted { $0.key < $1.key }.first?.value } }

    /// - Parameter inner: gets every message too.
    func logger(_ label: String, passingOnTo inner: any LogHandler) -> Logger {
        Logger(label: label) { _ in Handler(log: self, inner: inner) }
    }

    fileprivate func note(_ metadata: Logger.Metadata) {
        guard let service = metadata[LogKey.service]?.description else { return }
        troubles.withLock { $0[service] = metadata[LogKey.error]?.description }
    }

    private struct Handler: LogHandler {
        let log: TroubleLog
        var inner: any LogHandler

        var logLevel: Logger.Level {
            get { min(inner.logLevel, .notice) }
            set { inner.logLevel = newValue }
        }
        var metadata: Logger.Metadata {
            get { inner.metadata }
            set { inner.metadata = newValue }
        }
        var metadataProvider: Logger.MetadataProvider? {
            get { inner.metadataProvider }
            set { inner.metadataProvider = newValue }
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { inner[metadataKey: key] }
            set { inner[metadataKey: key] = newValue }
        }

        /// A failed step names its service and error; a recovery names only its service.
        func log(event: LogEvent) {
            if event.level >= .notice, let metadata = event.metadata { log.note(metadata) }
            if event.level >= inner.logLevel { inner.log(event: event) }
        }
    }
}
