public import ServiceLifecycle
internal import Synchronization

/// Writes what the services of a process say of themselves into their office's database.
///
/// It never holds up a service: these only leave word in memory. What cannot be written is written later, or not at
/// all: with the database away nobody could read it either.
public final class ServiceJournalKeeper: Service {
    private let journals: Mutex<[String: ServiceJournal]>
    private let store: any ServiceNoteStore & AdministrationStore
    private let clock: ServiceClock

    /// Between two looks whether a report is due.
    private static let interval = Duration.seconds(1)

    /// - Parameters:
    ///   - store: its own; closed after each report, since the next may be minutes away.
    ///   - host: the machine, or the pod.
    public init(
        _ services: [String], host: String, store: any ServiceNoteStore & AdministrationStore,
        policy: ServiceJournal.Policy = ServiceJournal.Policy(), clock: ServiceClock = ServiceClock()
    ) {
        journals = Mutex(
            Dictionary(
                uniqueKeysWithValues: services.map { ($0, ServiceJournal(service: $0, host: host, policy: policy)) }))
        self.store = store
        self.clock = clock
    }

    public func succeeded(_ service: String) {
        let now = clock.now
        journals.withLock { $0[service]?.succeeded(at: now) }
    }

    public func failed(_ service: String, _ reason: String) {
        let now = clock.now
        journals.withLock { $0[service]?.failed(reason, at: now) }
    }

    public func run() async throws {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            await writeDueReports()
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: ServiceJournalKeeper.interval) }
        }
        let now = clock.now
        for report in journals.withLock({ $0.values.map { $0.lastReport(at: now) } }) {
            try? await store.noteService(report)
        }
        await store.close()
    }

    private func writeDueReports() async {
        let now = clock.now
        let due = journals.withLock { journals in journals.keys.compactMap { journals[$0]?.takeReport(at: now) } }
        for report in due {
            do {
                try await store.noteService(report)
            } catch {
                journals.withLock { $0[report.service]?.lost() }
            }
        }
        if !due.isEmpty { await store.close() }
    }
}
