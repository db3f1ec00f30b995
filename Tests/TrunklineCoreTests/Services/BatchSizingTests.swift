import Testing

@testable import TrunklineCore

@Suite struct BatchSizingTests {
    @Test func startsWithTheRowLimit() {
        let sizing = BatchSizing(rows: 5_000, bytes: 1_000_000)
        #expect(sizing.changes == 5_000)
        #expect(sizing.readLimit == 1_250_000)
    }

    @Test func learnsFromLargeRowsAtOnce() {
        var sizing = BatchSizing(rows: 5_000, bytes: 1_000_000)
        sizing.learn(changes: 100, bytes: 1_000_000)
        #expect(sizing.changes == 100)
    }

    @Test func comesBackWhenRowsAreSmallAgain() {
        var sizing = BatchSizing(rows: 5_000, bytes: 1_000_000)
        sizing.learn(changes: 100, bytes: 1_000_000)
        var last = sizing.changes
        for _ in 0..<30 {
            sizing.learn(changes: 100, bytes: 1_000)
            #expect(sizing.changes >= last)
            last = sizing.changes
        }
        #expect(last == 5_000)
    }

    @Test func coversAtLeastOneChange() {
        var sizing = BatchSizing(rows: 5_000, bytes: 1_000)
        sizing.learn(changes: 1, bytes: 1_000_000_000)
        #expect(sizing.changes == 1)
    }

    @Test func aBatchWithoutChangesTeachesNothing() {
        var sizing = BatchSizing(rows: 5_000, bytes: 1_000_000)
        sizing.learn(changes: 0, bytes: 1_000_000)
        #expect(sizing.changes == 5_000)
    }

    @Test func batchesWithoutBytesLeaveTheRowLimit() async {
        await #expect(processExitsWith: .success) {
            var sizing = BatchSizing(rows: 5_000, bytes: 1_000_000)
            sizing.learn(changes: 1, bytes: 100)
            for _ in 0..<200 { sizing.learn(changes: 1, bytes: 0) }
            precondition(sizing.changes == 5_000)
        }
    }

    @Test func streamsInOneRoundEndTheirBatchesAtTheSamePlace() {
        let (a, b, c) = (StreamID("head>a")!, StreamID("head>b")!, StreamID("head>c")!)
        var round = SendingRound()
        #expect(round.changes(for: a, now: 5_000) == 5_000)
        #expect(round.changes(for: b, now: 4_700) == 5_000)
        #expect(round.changes(for: a, now: 4_600) == 4_600)
        #expect(round.changes(for: b, now: 4_500) == 4_600)
        #expect(round.changes(for: c, now: 4_400) == 4_600)
        #expect(round.changes(for: c, now: 4_300) == 4_300)
    }
}
