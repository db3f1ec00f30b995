import Testing
import TrunklineTesting

@testable import TrunklineCore

@Suite struct RowDigesterTests {
    private let columns = [Column(name: "id", type: "bigint"), Column(name: "price", type: "numeric(12,2)")]

    private func digest(_ rows: [[String?]]) -> [BucketDigest] {
        var digester = RowDigester(columns: columns, key: ["id"], bucketCount: 16)
        for row in rows { digester.add(line: CopyText.line(row)[...]) }
        return digester.buckets
    }

    private let rows: [[String?]] = (1...200).map { ["\($0)", "\($0 * 3).50"] }

    @Test func theOrderOfRowsDoesNotMatter() {
        var generator = SplitMix64(seed: 8)
        #expect(digest(rows) == digest(rows.shuffled(using: &generator)))
        #expect(digest(rows).reduce(0) { $0 + $1.rows } == 200)
    }

    @Test func twoTextsOfOneValueAgree() { #expect(digest([["1", "12.50"]]) == digest([["01", "12.5"]])) }

    @Test func oneChangedRowChangesOneBucket() {
        var changed = rows
        changed[77][1] = "0.01"
        let differing = zip(digest(rows), digest(changed)).count { $0 != $1 }
        #expect(differing == 1)
    }

    @Test func nullEmptyAndZeroAreDifferent() {
        #expect(Set([nil, "", "0"].map { digest([["1", $0]]) }).count == 3)
    }

    @Test func aRowTwiceIsNotNoRow() {
        #expect(digest([["1", "1"], ["1", "1"]]) != digest([]))
        #expect(digest([["1", "1"], ["1", "1"]]) != digest([["1", "1"]]))
    }

    @Test func theNewlineMayBeMissing() {
        var digester = RowDigester(columns: columns, key: ["id"], bucketCount: 16)
        digester.add(line: CopyText.line(["1", "2"]).dropLast())
        #expect(digester.buckets == digest([["1", "2"]]))
    }

    @Test(arguments: [(0, 16), (1_024, 16), (1_025, 32), (100_000, 2_048), (Int.max / 64, 4_096)])
    func bucketCounts(rows: Int, expected: Int) { #expect(RowDigester.bucketCounts(forRows: [rows]) == [expected]) }
}
