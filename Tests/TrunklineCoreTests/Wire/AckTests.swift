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

    /// Whoever may send an ack may say anything in it.
    @Test func whatNoReceiverSaysIsRefusedOrCut() throws {
        let table = TableName("sale")
        func noted(_ notice: SetAsideNotice) -> Ack { changed { $0.setAside = [notice] } }
        let key = RowKey(["1"])
        #expect(try refusal(noted(SetAsideNotice(table: TableName("a\0b"), key: key, reason: ""))) == .malformed)
        let wide = RowKey([String(repeating: "k", count: 2 << 20)])
        #expect(try refusal(noted(SetAsideNotice(table: table, key: wide, reason: ""))) == .tooLarge)
        let many = (0...Ack.maximalNotices).map { SetAsideKey(table: table, key: RowKey(["\($0)"])) }
        #expect(try refusal(changed { $0.gone = many }) == .tooLarge)
        for round in [Int.max, 0, 3] {
            let result = VerificationResult(
                id: SampleBatch.epoch, round: round, stream: SampleBatch.stream, watermark: 1, tables: [])
            #expect(try refusal(changed { $0.verification = result }) == .malformed)
        }
        let other = StreamID(from: .head, to: SampleBatch.stream.source)
        let foreign = VerificationResult(id: SampleBatch.epoch, round: 1, stream: other, watermark: 1, tables: [])
        #expect(try refusal(changed { $0.verification = foreign }) == .malformed)
        let reason = "r\0s" + String(repeating: "x", count: 5_000)
        let cut = try Ack(message: noted(SetAsideNotice(table: table, key: key, reason: reason)).encoded())
        #expect(cut.setAside?[0].reason.hasPrefix("r·sx") == true)
        #expect(cut.setAside![0].reason.utf8.count <= ShortReason.limit)
    }

    /// What a sender would count on from, or look into.
    @Test func countsThatNoReceiverComesToAreRefused() throws {
        #expect(try refusal(changed { $0.setAsideVersion = .max }) == .malformed)
        #expect(try refusal(changed { $0.setAsideFrom = .max }) == .malformed)
        #expect(try refusal(changed { $0.setAsideTotal = .max }) == .malformed)
        func answered(_ change: (inout TableResult) -> Void) -> Ack {
            var table = TableResult(
                name: TableName("sale"), rowsAtSender: 1, rowsAtReceiver: 0, differingBuckets: [15], bucketCount: 16)
            change(&table)
            return changed {
                $0.verification = VerificationResult(
                    id: SampleBatch.epoch, round: 1, stream: SampleBatch.stream, watermark: 1, tables: [table])
            }
        }
        #expect(try refusal(answered { _ in }) == nil)
        for count in [-16, 0, 3, 1 << 40] { #expect(try refusal(answered { $0.bucketCount = count }) == .malformed) }
        for bucket in [-1, 16, .max] { #expect(try refusal(answered { $0.differingBuckets = [bucket] }) == .malformed) }
        #expect(try refusal(answered { $0.rowsAtReceiver = -1 }) == .malformed)
        #expect(try refusal(answered { $0.differences = -1 }) == .malformed)
        // What was not compared has no buckets.
        #expect(try refusal(answered { ($0.bucketCount, $0.problem) = (0, "no such table") }) == nil)
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
