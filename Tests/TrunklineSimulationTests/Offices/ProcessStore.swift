import TrunklineCore

/// The store of a simulated process: one call at a time, and none after the process's death.
final class ProcessStore: ForwardingStore, @unchecked Sendable {
    // Sendable: `life` is; nothing else is added.
    private let life: Life

    init(_ base: any OfficeStore, life: Life) {
        self.life = life
        super.init(base)
    }

    override func pass<Value>(_ body: () async throws(StoreError) -> Value) async throws(StoreError) -> Value {
        await life.turnstile.enter()
        defer { life.turnstile.leave() }
        guard !life.isDead else {
            throw StoreError(.unreachable, operation: "call", subject: life.name, reason: "the process is dead")
        }
        return try await body()
    }
}
