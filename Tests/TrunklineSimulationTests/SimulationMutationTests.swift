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

    private func expectFailure(_ mutation: Mutation) async throws {
        let failure = try #require(try await Simulation(mutation: mutation).firstFailure(in: 0..<1_000))
        print("mutation \"\(mutation.name)\": seed \(failure.seed), \(failure.failure ?? "nothing when run again")")
        #expect(failure.failure != nil)
    }
}
