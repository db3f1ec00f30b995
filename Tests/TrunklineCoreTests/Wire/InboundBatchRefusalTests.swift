import FoundationEssentials
import Testing
import TrunklineTesting

@testable import TrunklineCore

@Suite struct InboundBatchRefusalTests {
    private func code(changing change: (inout BatchHeader) -> Void) throws -> WireError.Code? {
        SampleBatch.refusal(try SampleBatch.message(changing: change))?.code
    }

    private func code(replacing old: String, with new: String) throws -> WireError.Code? {
        SampleBatch.refusal(try SampleBatch.message(replacing: Array(old.utf8), with: Array(new.utf8)))?.code
    }

    private func limited(_ change: (inout WireLimits) -> Void) throws -> WireError.Code? {
        var limits = WireLimits()
        change(&limits)
        return SampleBatch.refusal(try SampleBatch.message { _ in }, limits: limits)?.code
    }

    /// Nothing but what senders write, so that no bytes come in by an escape that are not UTF-8.
    @Test(arguments: ["\\377a", "\\x41a", "\\001a", "\\qab"]) func anEscapeThatIsNone(_ escape: String) throws {
        let name = "Ada\\t\"\\\\"
        #expect(try code(replacing: name, with: escape + "abc") == .malformed)
        #expect(try code(replacing: name, with: "\\000\\b\\\\") == nil)
    }

    @Test func aKeyThatIsTooLong() throws { #expect(try limited { $0.keyBytes = 0 } == .tooLarge) }

    /// The others prove something only because this one is taken.
    @Test func theUnchangedBatchIsTaken() throws { #expect(try code(changing: { _ in }) == nil) }

    @Test func randomBytes() {
        var generator = SplitMix64(seed: 7)
        for count in 0..<300 {
            #expect(SampleBatch.refusal(generator.bytes(count))?.code == .malformed)
            #expect(SampleBatch.refusal(Zstd.compress(generator.bytes(count)))?.code == .malformed)
        }
    }

    @Test(arguments: [
        "", "{}", "no line", "\n", "{}\n", "[]\n", "null\n", "{\"version\":1}\n", "{\"version\":\"1\"}\n",
    ])
    func noHeader(body: String) { #expect(SampleBatch.refusal(Zstd.compress(Array(body.utf8)))?.code == .malformed) }

    @Test(arguments: [0, -1, Int.min]) func aVersionThatIsNone(version: Int) throws {
        #expect(try code { $0.version = version } == .malformed)
    }

    @Test(arguments: BatchHeader.versions) func aVersionThatIsUnderstood(version: Int) throws {
        #expect(try code { $0.version = version } == nil)
    }

    @Test(arguments: [BatchHeader.versions.upperBound + 1, Int.max]) func aLaterVersion(version: Int) throws {
        #expect(try code { $0.version = version } == .newer)
        // It may have another header; its number is read all the same.
        #expect(SampleBatch.refusal(Zstd.compress(Array("{\"version\":\(version)}\n".utf8)))?.code == .newer)
    }

    @Test(arguments: [0, 1, 2, 3], [-1, 0, 1, 1_000_000, Int.max, Int.min])
    func countsThatLie(field: Int, value: Int) throws {
        let fields: [WritableKeyPath<TableHeader, Int>] = [\.rows, \.rowBytes, \.deletes, \.deleteBytes]
        let error = SampleBatch.refusal(
            try SampleBatch.message { header in
                // The table whose counts are 2 rows and 1 delete; a lie of 1 is told of rows, of 2 of deletes.
                header.tables[0].misfits = nil
                header.tables[0][keyPath: fields[field]] = field == 2 && value == 1 ? 2 : value
            })
        #expect(error?.code == .malformed || (value == 1_000_000 && error?.code == .tooLarge))
    }

    @Test(arguments: [Int64.min, -2, (1 << 53) + 1, .max])
    func versionsOfTheListThatNobodyCounted(version: Int64) throws {
        #expect(try code { $0.setAsideVersion = version } == .malformed)
    }

    /// Whoever subtracts it from a clock of his own would overflow.
    @Test(arguments: [Int64.min, -1, 253_402_300_800_000, .max]) func aClockThatNoOfficeHasIsRefused(_ clock: Int64)
        throws
    {
        #expect(try code { $0.clock = clock } == .malformed)
    }

    @Test func sumsOfCountsThatLie() throws {
        #expect(try code { $0.tables[1].rowBytes += 1 } == .malformed)
        #expect(
            try code {
                $0.tables[0].rowBytes += 1
                $0.tables[1].rowBytes -= 1
            } == .malformed)
    }

    /// Columns that are named by a hash, and other ones beside it.
    @Test func columnsAndFieldsInTheirPlace() throws {
        let message = try SampleBatch.message(
            replacing: Array(#""allNew":true"#.utf8), with: Array(#""allNew":true,"fields":{"count":2,"key":[0]}"#.utf8)
        )
        #expect(SampleBatch.refusal(message)?.code == .malformed)
    }

    @Test func aFieldTooManyOrTooFew() throws {
        #expect(try code(replacing: "2026\t1\t12.50\n", with: "2026\t1\t12\t50\n") == .malformed)
        #expect(try code(replacing: "2026\t1\t12.50\n", with: "2026\t1 12.50\n") == .malformed)
        #expect(try code(replacing: "2025\t8\n", with: "2025 8\n") == .malformed)
        #expect(try code(replacing: "2025\t8\n2025\t9\n", with: "2025\t8\t2025\n9\n") == .malformed)
    }

    @Test func bytesAfterTheLastLine() throws {
        #expect(SampleBatch.refusal(Zstd.compress(try SampleBatch.body() + [0x0A]))?.code == .malformed)
    }

    @Test func aLastLineWithoutItsEnd() throws {
        let body = try SampleBatch.body()
        #expect(SampleBatch.refusal(Zstd.compress(body.dropLast()))?.code == .malformed)
        #expect(SampleBatch.refusal(Zstd.compress(body.dropLast() + [0x41]))?.code == .malformed)
    }

    @Test(arguments: [[0xFF], [0xC0], [0x80]] as [[UInt8]]) func invalidUTF8(bytes: [UInt8]) throws {
        let message = try SampleBatch.message(replacing: Array("12.50\n".utf8), with: bytes + Array("2.50\n".utf8))
        #expect(SampleBatch.refusal(message)?.code == .malformed)
    }

    @Test func rawNUL() throws {
        let error = SampleBatch.refusal(
            try SampleBatch.message(replacing: Array("12.50\n".utf8), with: [0] + Array("2.50\n".utf8)))
        #expect(error?.code == .malformed)
        #expect(error?.description.contains("NUL") == true)
    }

    @Test(arguments: ["[", "{\"a\":", "{\"version\":1,\"a\":["]) func nestedJSON(opening: String) {
        let line = String(repeating: opening, count: 100_000) + "\n"
        #expect(SampleBatch.refusal(Zstd.compress(Array(line.utf8)))?.code == .tooLarge)
    }

    @Test func overALimit() throws {
        #expect(try limited { $0.messageBytes = 100 } == .tooLarge)
        #expect(try limited { $0.bodyBytes = 100 } == .tooLarge)
        #expect(try limited { $0.headerBytes = 100 } == .malformed)
        #expect(try limited { $0.tables = 1 } == .tooLarge)
        #expect(try limited { $0.columns = 2 } == .tooLarge)
        #expect(try limited { $0.lines = 5 } == .tooLarge)
        #expect(try limited { $0.nameBytes = 8 } == .tooLarge)
        #expect(try limited { $0.jsonDepth = 2 } == .tooLarge)
    }

    @Test func atTheLimits() throws {
        #expect(
            try limited {
                $0.tables = 2
                $0.columns = 3
                $0.lines = 6
            } == nil)
    }

    @Test func duplicateTable() throws { #expect(try code { $0.tables[1].name = $0.tables[0].name } == .malformed) }

    @Test func columnsAndKeyThatDoNotFit() throws {
        #expect(try code { $0.tables[0].columns = [] } == .tooLarge)
        #expect(try code { $0.tables[0].columns[1].name = "id" } == .malformed)
        #expect(try code { $0.tables[0].columns[1].name = "" } == .tooLarge)
        #expect(try code { $0.tables[0].columns[1].name = "a\0" } == .tooLarge)
        #expect(try code { $0.tables[0].columns[1].type = String(repeating: "x", count: 256) } == .tooLarge)
        #expect(try code { $0.tables[0].key = ["other"] } == .malformed)
        #expect(try code { $0.tables[0].key = [] } == .malformed)
        #expect(try code { $0.tables[1].key = ["no", "no"] } == .malformed)
    }

    @Test(arguments: [
        Misfit(row: -1, column: "name", storage: "text"), Misfit(row: 2, column: "name", storage: "text"),
        Misfit(row: .max, column: "name", storage: "text"), Misfit(row: 0, column: "other", storage: "text"),
    ])
    func misfitOutOfRange(misfit: Misfit) throws { #expect(try code { $0.tables[0].misfits = [misfit] } == .malformed) }

    @Test func numberAndPreviousIDThatDoNotFit() throws {
        #expect(try code { $0.previousID = nil } == .malformed)
        #expect(try code { $0.number = 1 } == .malformed)
        #expect(try code { $0.number = 0 } == .malformed)
        #expect(try code { $0.number = -1 } == .malformed)
        #expect(
            try code {
                $0.number = 1
                $0.previousID = nil
            } == nil)
    }

    @Test func aStreamThatIsNone() throws {
        #expect(try code(replacing: "east>head", with: "east>east") == .malformed)
    }
}
