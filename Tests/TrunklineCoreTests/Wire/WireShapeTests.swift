import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct WireShapeTests {
    private func named() throws -> InboundBatch {
        let tables = SampleBatch.tables
        return try InboundBatch(
            message: BatchEncoder.encode(SampleBatch.claimed, tables: tables, naming: Set(tables.map(\.name))))
    }

    /// Offices compare it, so it must not change from version to version.
    @Test func theHashIsTheSameEverywhere() {
        let shape = WireShape(
            key: ["id"], columns: [Column(name: "id", type: "bigint"), Column(name: "ü", type: "text")])
        #expect(shape.hash == "5dedcd24b3681fadc98fc716a10a6cf7")
    }

    @Test func whateverDiffersHasAnotherHash() {
        func columns(_ pairs: (String, String)...) -> [Column] { pairs.map { Column(name: $0, type: $1) } }
        let shapes = [
            WireShape(key: ["a"], columns: columns(("a", "text"), ("b", "text"))),
            WireShape(key: ["b"], columns: columns(("a", "text"), ("b", "text"))),
            WireShape(key: ["a", "b"], columns: columns(("a", "text"), ("b", "text"))),
            WireShape(key: ["a"], columns: columns(("b", "text"), ("a", "text"))),
            WireShape(key: ["a"], columns: columns(("a", "text"), ("b", "bytea"))),
            WireShape(key: ["a"], columns: columns(("a", "textb"), ("", "text"))),
            WireShape(key: ["a"], columns: columns(("a", "text"))),
        ]
        #expect(Set(shapes.map(\.hash)).count == shapes.count)
    }

    @Test func aNamedShapeIsPutIn() throws {
        var batch = try named()
        for (index, table) in SampleBatch.tables.enumerated() {
            #expect(batch.header.tables[index].columns.isEmpty)
            #expect(Array(batch.body[batch.lines[index].rows]) == table.rows)
            let isTaken = batch.header.tables[index].take(table.shape)
            #expect(isTaken)
        }
        #expect(batch.header.tables == SampleBatch.tables.map(\.header))
    }

    @Test func anotherShapeIsNotPutIn() throws {
        var table = try named().header.tables[0]
        let before = table
        var shape = SampleBatch.tables[0].shape
        shape.columns[1].type = "bytea"
        var isTaken = table.take(shape)
        #expect(!isTaken && table == before)
        // One that only says that it is the one.
        table.shape = shape.hash
        table.misfits = [Misfit(row: 0, column: "price", storage: "text")]
        isTaken = table.take(shape)
        #expect(!isTaken)
    }

    @Test func aNameIsShorterThanTheColumns() throws {
        var table = SampleBatch.tables[0]
        table.columns += (0..<30).map { Column(name: "column_\($0)", type: "numeric(12,2)") }
        table.rows = []
        table.rowCount = 0
        table.misfits = []
        let whole = try BatchEncoder.encode(SampleBatch.claimed, tables: [table])
        let named = try BatchEncoder.encode(SampleBatch.claimed, tables: [table], naming: [table.name])
        #expect(named.count < whole.count - 100)
    }

    @Test func whatIsNamedIsCheckedAsFarAsItCanBe() throws {
        func refusal(_ change: (inout TableHeader) -> Void) throws -> String? {
            let message = try SampleBatch.message { header in
                header.tables[0].nameShape()
                change(&header.tables[0])
            }
            return SampleBatch.refusal(message)?.description
        }
        #expect(try refusal { _ in } == nil)
        #expect(try refusal { $0.shape = nil } == "a table has no columns, and names no shape")
        #expect(try refusal { $0.shape = "ab" } == "a table has no columns, and names no shape")
        #expect(
            try refusal { $0.named!.count = 3 } == "a line of the rows of table \"customers\" does not have 3 fields")
        #expect(try refusal { $0.named!.count = 0 } == "0 columns; 1 to 1600 are accepted")
        #expect(try refusal { $0.named!.key = [2] } == "columns and key of a table do not fit together")
        #expect(try refusal { $0.named!.key = [] } == "columns and key of a table do not fit together")
        #expect(try refusal { $0.named!.key = [0, 0] } == "columns and key of a table do not fit together")
        #expect(try refusal { $0.misfits![0].row = 2 } == "a misfit names a row or column that is not there")
        let lie = try SampleBatch.message { $0.tables[0].shape = $0.tables[1].shape }
        #expect(SampleBatch.refusal(lie)?.description == "the hash of a table's shape is not that of its columns")
    }
}
