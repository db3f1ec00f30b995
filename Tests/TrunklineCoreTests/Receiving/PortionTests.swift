import Testing

@testable import TrunklineCore

@Suite struct PortionTests {
    @Test func linesAreLookedAtAThousandAtATime() {
        #expect(ReceiverEngine.portions([]) == [])
        #expect(ReceiverEngine.portions([7]) == [0..<1])
        #expect(
            ReceiverEngine.portions(Array(repeating: 1, count: 2_500)) == [0..<1_000, 1_000..<2_000, 2_000..<2_500])
    }

    @Test func longLinesAreLookedAtAMegabyteAtATime() {
        let half = 1 << 19
        #expect(ReceiverEngine.portions([half, half, 1, half]) == [0..<2, 2..<4])
        #expect(ReceiverEngine.portions([3 << 20, 1, 1 << 20, 1]) == [0..<1, 1..<2, 2..<3, 3..<4])
    }
}
