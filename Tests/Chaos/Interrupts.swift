import Foundation

/// SIGINT and SIGTERM: clears away what would outlive this process, and ends it.
final class Interrupts {
    private let sources: [any DispatchSourceSignal]

    init(_ clearAway: @escaping @Sendable () async -> Void) {
        sources = [SIGINT, SIGTERM].map { signal in
            Foundation.signal(signal, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: signal)
            source.setEventHandler {
                Task {
                    await clearAway()
                    exit(128 + signal)
                }
            }
            source.resume()
            return source
        }
    }

    func cancel() { for source in sources { source.cancel() } }
}
