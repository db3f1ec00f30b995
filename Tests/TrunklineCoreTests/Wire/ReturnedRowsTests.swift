import Foundation
import Testing

@testable import TrunklineCore

@Suite struct ReturnedRowsTests {
    private static let claimed = ReturnsClaim.Table(
        name: TableName("sale"), key: ["id"],
        columns: [Column(name: "id", type: "bigint"), Column(name: "what", type: "text")], after: 4)

    private func refusal(_ change: (inout ReturnedRows.Table) -> Void) throws -> WireError.Code? {
        var table = ReturnedRows.Table(Self.claimed)
        let text = Array("5\tPens\n".utf8)
        table.add(
            ReceivedLine(table: Self.claimed.header, isDelete: false, text: text[...], misfits: ["what": "blob"]),
            serial: 7)
        table.through = 7
        change(&table)
        var ack = SampleAck.ack
        ack.verification?.returned = ReturnedRows(tables: [table])
        do throws(WireError) {
            let read = try Ack(message: try! ack.encoded())
            #expect(read == ack)
            return nil
        } catch { return error.code }
    }

    @Test func roundTrips() throws {
        #expect(try refusal { _ in } == nil)
        #expect(try refusal { $0.withhold("too large") } == nil)
    }

    @Test func linesThatAreNotWhatIsSaidOfThemAreRefused() throws {
        #expect(try refusal { $0.serials.append(8) } == .malformed)
        #expect(try refusal { $0.lines = Data("5\n".utf8) } == .malformed)
        #expect(try refusal { $0.lines = Data("5\tPens".utf8) } == .malformed)
        #expect(try refusal { $0.lines = Data([0x35, 0x09, 0xFF, 0x0A]) } == .malformed)
        #expect(try refusal { $0.lines = Data([0x35, 0x09, 0x00, 0x0A]) } == .malformed)
        #expect(try refusal { $0.key = ["number"] } == .malformed)
        #expect(try refusal { $0.columns = [] } == .tooLarge)
        #expect(try refusal { $0.misfits?[0].row = 1 } == .malformed)
        #expect(try refusal { $0.withheld = -1 } == .malformed)
    }

    @Test func tooManyLinesAreRefused() throws {
        let count = WireLimits().returnedRows + 1
        #expect(
            try refusal {
                $0.lines = Data(String(repeating: "5\tPens\n", count: count).utf8)
                $0.serials = Array(1...Int64(count))
            } == .tooLarge)
    }

    @Test func aClaimOfTooManyTablesOrNumbersIsRefused() throws {
        func refusal(_ returns: ReturnsClaim) throws -> WireError.Code? {
            let batch = ClaimedBatch(
                stream: SampleBatch.stream, epoch: SampleBatch.epoch, number: 1, id: SampleBatch.previous,
                previousID: nil, attempt: 1, changes: 0,
                verification: VerificationClaim(id: SampleBatch.previous, returns: returns))
            let message = try BatchEncoder.encode(batch, tables: [])
            do throws(WireError) {
                _ = try InboundBatch(message: message)
                return nil
            } catch { return error.code }
        }
        #expect(try refusal(ReturnsClaim(taken: [1], tables: [Self.claimed])) == nil)
        #expect(try refusal(ReturnsClaim(taken: [], tables: [Self.claimed, Self.claimed])) == .malformed)
        #expect(try refusal(ReturnsClaim(taken: Array(0...10_000), tables: [])) == .malformed)
        var nameless = Self.claimed
        nameless.columns[1].name = ""
        #expect(try refusal(ReturnsClaim(taken: [], tables: [nameless])) == .tooLarge)
    }
}
