import Testing

@testable import TrunklineCore

@Suite struct AckTests {
    private func refusal(_ ack: Ack) throws -> WireError.Code? {
        let message = try ack.encoded()
        do throws(WireError) {
            _ = try Ack(message: message)
            return nil
        } catch { return error.code }
    }

    private func changed(_ change: (inout Ack) -> Void) -> Ack {
        var ack = SampleAck.ack
        change(&ack)
        return ack
    }

    @Test func roundTrips() throws {
        #expect(try Ack(message: SampleAck.ack.encoded()) == SampleAck.ack)
        let small = Ack(
            stream: SampleBatch.stream, epoch: SampleBatch.epoch, watermark: .max, setAsideVersion: 0, setAside: nil,
            setAsideTotal: 0)
        #expect(try Ack(message: small.encoded()) == small)
    }

    @Test func anUnknownVersionIsRefused() throws { #expect(try refusal(changed { $0.version = 2 }) == .unsupported) }

    @Test func negativeCountsAreRefused() throws {
        #expect(try refusal(changed { $0.watermark = -1 }) == .malformed)
        #expect(try refusal(changed { $0.setAsideVersion = -1 }) == .malformed)
        #expect(try refusal(changed { $0.setAsideTotal = -1 }) == .malformed)
    }

    @Test func deepJSONIsRefused() {
        let message = Zstd.compress(Array(repeating: UInt8(ascii: "["), count: 100_000))
        #expect(throws: WireError(.tooLarge, "JSON nested deeper than 16")) { try Ack(message: message) }
    }

    @Test func anAckOverALimitIsRefused() throws {
        let message = try SampleAck.ack.encoded()
        var limits = WireLimits()
        limits.messageBytes = message.count - 1
        #expect(throws: WireError.self) { try Ack(message: message, limits: limits) }
        limits = WireLimits()
        limits.bodyBytes = 10
        #expect(throws: WireError.self) { try Ack(message: message, limits: limits) }
    }
}
