import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct BatchRoundTripTests {
    @Test func everythingArrives() throws {
        let tables = SampleBatch.tables
        let message = try BatchEncoder.encode(SampleBatch.claimed, tables: tables)
        let batch = try InboundBatch(message: message)
        #expect(batch.message == message)
        #expect(batch.header.version == 1)
        #expect(batch.header.stream == SampleBatch.stream)
        #expect(batch.header.epoch == SampleBatch.epoch)
        #expect(batch.header.number == 7)
        #expect(batch.header.id == SampleBatch.claimed.id)
        #expect(batch.header.previousID == SampleBatch.previous)
        #expect(batch.header.tables == tables.map(\.header))
        for (lines, table) in zip(batch.lines, tables) {
            #expect(Array(batch.body[lines.rows]) == table.rows)
            #expect(Array(batch.body[lines.deletes]) == table.deletes)
        }
        // Children are deleted before their parents.
        #expect(batch.lines[1].deletes.upperBound == batch.lines[0].deletes.lowerBound)
    }

    /// A receiver of version 1 would take a stamp for a value.
    @Test func aBatchOfSharedTablesIsOfVersion2() throws {
        var claimed = SampleBatch.claimed
        claimed.clock = 1
        #expect(try InboundBatch(message: BatchEncoder.encode(claimed, tables: [])).header.version == 2)
        claimed.clock = nil
        var shared = TableContent(
            name: TableName("t"), key: ["id"], columns: [Column(name: "id", type: "bigint")], allNew: false)
        shared.conflict = "manual"
        #expect(try InboundBatch(message: BatchEncoder.encode(claimed, tables: [shared])).header.version == 2)
    }

    @Test func aBatchWithoutTablesThatVerifies() throws {
        var claimed = SampleBatch.claimed
        claimed.number = 1
        claimed.previousID = nil
        let table = TableClaim(
            name: TableName("t"), key: ["id"], columns: [Column(name: "id", type: "bigint")], rows: 3,
            buckets: [BucketDigest(rows: 3, low: .max, high: 1 << 63)], bucketCount: 1)
        claimed.verification = VerificationClaim(id: UUID(), round: 1, tables: [table])
        let batch = try InboundBatch(message: BatchEncoder.encode(claimed, tables: []))
        #expect(batch.header.verification == claimed.verification)
        #expect(batch.lines.isEmpty)
    }

    @Test func aTableWithoutLines() throws {
        var table = SampleBatch.tables[0]
        table.rows = []
        table.rowCount = 0
        table.deletes = []
        table.deleteCount = 0
        table.misfits = []
        let batch = try InboundBatch(message: BatchEncoder.encode(SampleBatch.claimed, tables: [table]))
        #expect(batch.lines.map(\.rows.count) == [0])
        #expect(batch.lines.map(\.deletes.count) == [0])
    }

    @Test func keysOfRowsAndDeletes() {
        let tables = SampleBatch.tables
        #expect(tables[0].keys() == [RowKey(["1"]), RowKey(["2"]), RowKey(["9"])])
        #expect(tables[1].keys() == [RowKey(["2026", "1"]), RowKey(["2025", "8"]), RowKey(["2025", "9"])])
    }

    @Test func theEmptyTextIsAKeyToo() {
        var table = TableContent(
            name: TableName("t"), key: ["k"], columns: [Column(name: "k", type: "text")], allNew: false)
        table.rows = CopyText.line([""])
        table.rowCount = 1
        #expect(table.keys() == [RowKey([""])])
    }
}
