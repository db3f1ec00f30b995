import Testing

/// The simulation bites: with each of these changes for the worse it fails within 1,000 seeds.
@Suite(.serialized)
struct SimulationMutationTests {
    @Test func noticesAnAckBeforeTheCommit() async throws { try await expectFailure(.ackBeforeCommit) }

    @Test func noticesAWatermarkThatIsNotChecked() async throws { try await expectFailure(.watermarkNotChecked) }

    @Test func noticesAReaperWithoutTheStateGuard() async throws { try await expectFailure(.unguardedReaper) }

    @Test func noticesACursorWhereTransactionsOverlap() async throws { try await expectFailure(.cursorWithOverlap) }

    @Test func noticesCaptureOutsideTheTransaction() async throws {
        try await expectFailure(.captureOutsideTransaction)
    }

    @Test func noticesAnAckListenerThatIgnoresTheEpoch() async throws { try await expectFailure(.ackOfAnyEpoch) }

    @Test func noticesAnEcho() async throws { try await expectFailureDown(.echo) }

    @Test func noticesACompactionThatForgetsASlowerStream() async throws {
        try await expectFailureDown(.compactionForgetsASlowerStream)
    }

    @Test func noticesARouteChangeWithoutTheDelete() async throws {
        try await expectFailureDown(.routeWithoutTheDelete)
    }

    @Test func noticesALoadThatMissesARow() async throws { try await expectFailureDown(.loadThatMissesARow) }

    @Test func noticesAPruneBeforeTheSlowestStream() async throws {
        try await expectFailureDown(.pruneBeforeTheSlowest)
    }

    @Test func noticesAnAckOfAnotherUser() async throws { try await expectFailureDown(.ackOfAnyUser) }

    private func expectFailure(
        _ mutation: Mutation, in seeds: some Collection<UInt64> & Sendable = 0..<UInt64(1_000)
    ) async throws {
        let failure = try #require(try await Simulation(mutation: mutation).firstFailure(in: seeds))
        print("mutation \"\(mutation.name)\": seed \(failure.seed), \(failure.failure ?? "nothing when run again")")
        #expect(failure.failure != nil)
    }

    /// In 1,000 worlds where the head writes.
    private func expectFailureDown(_ mutation: Mutation) async throws {
        try await expectFailure(mutation, in: (0..<UInt64(4_000)).filter(Plan.sendsDown))
    }
}
