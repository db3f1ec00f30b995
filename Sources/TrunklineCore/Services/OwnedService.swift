/// A service that begins only when the database is its office's own.
public actor OwnedService: SteppedService {
    public nonisolated let name: String
    private let base: any SteppedService
    private let store: any AdministrationStore
    private let office: OfficeID
    private var isChecked = false

    /// - Parameter store: the service's own.
    public init(_ base: any SteppedService, of office: OfficeID, store: any AdministrationStore) {
        name = base.name
        self.base = base
        self.office = office
        self.store = store
    }

    public func step() async throws -> StepResult {
        if !isChecked {
            try await store.requireOwner(office)
            isChecked = true
        }
        return try await base.step()
    }

    public func waitForWork() async throws { try await base.waitForWork() }
    public func recover() async { await base.recover() }
    public func trouble() async -> String? { await base.trouble() }
    public func shutdown() async { await base.shutdown() }
}
