import ServiceLifecycle

/// Runs a wait that a graceful shutdown ends early, without an error.
func cancelWhenStopping(_ wait: @escaping @Sendable () async throws -> Void) async throws {
    do {
        try await cancelWhenGracefulShutdown(wait)
    } catch is CancellationError {}
}
