import Testing
import TrunklineTesting

@testable import TrunklineCore

@Suite struct ZstdTests {
    private func refusal(_ bytes: [UInt8], limit: Int = 1 << 20) -> WireError.Code? {
        do throws(WireError) {
            _ = try Zstd.decompress(bytes, limit: limit)
            return nil
        } catch { return error.code }
    }

    /// The header of a frame that states its size in 8 bytes (RFC 8878, 3.1.1.1), and nothing after it.
    private func frame(stating size: UInt64) -> [UInt8] {
        [0x28, 0xB5, 0x2F, 0xFD, 0xE0] + (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * UInt64($0))) }
    }

    @Test(arguments: [0, 1, 100, 70_000]) func roundTrips(count: Int) throws {
        var generator = SplitMix64(seed: 4)
        let bytes = generator.bytes(count)
        #expect(try Zstd.decompress(Zstd.compress(bytes), limit: count) == bytes)
    }

    @Test func theLimitIsExact() {
        let message = Zstd.compress(Array(repeating: 7, count: 1_000))
        #expect(refusal(message, limit: 1_000) == nil)
        #expect(refusal(message, limit: 999) == .tooLarge)
    }

    /// No machine has these sizes: were memory taken first, the process would end here.
    @Test(arguments: [1 << 40, 1 << 62, UInt64.max - 2] as [UInt64]) func aBombIsRefusedBeforeMemoryIsTaken(
        size: UInt64
    ) {
        #expect(refusal(frame(stating: size)) == .tooLarge)
    }

    @Test func aFrameThatLiesAboutItsSizeIsRefused() {
        var message = Zstd.compress(Array(repeating: 7, count: 1_000))
        let honest = message
        // Single segment with a size of two bytes, which is stored less 256: descriptor 0x60.
        #expect(message[4] == 0x60)
        message[5] &-= 1
        #expect(refusal(honest) == nil)
        #expect(refusal(message) == .malformed)
    }

    @Test func everyTruncationIsRefused() {
        var generator = SplitMix64(seed: 5)
        let message = Zstd.compress(Array("Trunkline".utf8) + generator.bytes(200))
        for count in 0..<message.count { #expect(refusal(Array(message.prefix(count))) == .malformed) }
    }

    @Test func randomBytesAreRefused() {
        var generator = SplitMix64(seed: 6)
        for count in 0..<1_000 {
            let bytes = generator.bytes(count % 64)
            #expect(refusal(bytes) != nil)
            #expect(refusal([0x28, 0xB5, 0x2F, 0xFD] + bytes) != nil)
        }
    }
}
