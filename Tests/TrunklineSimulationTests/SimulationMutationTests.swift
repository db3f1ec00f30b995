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

    @Test func noticesABaseThatIsNotCompared() async throws { try await expectFailureSharing(.baseNotCompared) }

    @Test func noticesATombstoneDroppedEarly() async throws { try await expectFailureSharing(.tombstoneDroppedEarly) }

    @Test func noticesAnOwnChangeOverwritten() async throws { try await expectFailureSharing(.ownChangeOverwritten) }

    @Test func noticesAVersionThatStays() async throws { try await expectFailureSharing(.versionNotAdvanced) }

    @Test func noticesADeltaAppliedTwice() async throws { try await expectFailureSharing(.deltaAppliedTwice) }

    private func expectFailure(
        _ mutation: Mutation, in seeds: some Collection<UInt64> & Sendable = 0..<UInt64(1_000),
        sharesTables: Bool = false
    ) async throws {
        let simulation = try await Simulation(mutation: mutation, sharesTables: sharesTables)
        let failure = try #require(try await simulation.firstFailure(in: seeds))
        print("mutation \"\(mutation.name)\": seed \(failure.seed), \(failure.failure ?? "nothing when run again")")
        #expect(failure.failure != nil)
    }

    /// In 1,000 worlds where all offices write the same tables.
    private func expectFailureSharing(_ mutation: Mutation) async throws {
        try await expectFailure(
            mutation, in: Plan.firstSharing..<Plan.firstSharing + 1_000, sharesTables: true)
    }

    /// In 1,000 worlds where the head writes.
    private func expectFailureDown(_ mutation: Mutation) async throws {
        try await expectFailure(mutation, in: (0..<UInt64(4_000)).filter(Plan.sendsDown))
    }
}
