import FoundationEssentials

@testable import TrunklineCore

/// A good batch of two tables, and the ways to make it a bad one.
enum SampleBatch {
    static let stream = StreamID(from: OfficeID("east")!, to: .head)
    static let epoch = UUID(uuidString: "00000000-0000-0000-0000-00000000000E")!
    static let previous = UUID(uuidString: "00000000-0000-0000-0000-000000000006")!

    static var claimed: ClaimedBatch {
        ClaimedBatch(
            stream: stream, epoch: epoch, number: 7, id: UUID(uuidString: "00000000-0000-0000-0000-000000000007")!,
            previousID: previous, attempt: 1, changes: 5)
    }

    static var tables: [TableContent] {
        var customers = TableContent(
            name: TableName("customers"), key: ["id"],
            columns: [Column(name: "id", type: "bigint"), Column(name: "name", type: "text")], allNew: true)
        customers.rows = CopyText.line(["1", "Ada\t\"\\"]) + CopyText.line(["2", nil])
        customers.rowCount = 2
        customers.deletes = CopyText.line(["9"])
        customers.deleteCount = 1
        customers.misfits = [Misfit(row: 1, column: "name", storage: "blob")]
        var sales = TableContent(
            name: TableName(schema: "shop", "sales"), key: ["year", "no"],
            columns: ["year", "no", "total"].map { Column(name: $0, type: "numeric(12,2)") }, allNew: false)
        sales.rows = CopyText.line(["2026", "1", "12.50"])
        sales.rowCount = 1
        sales.deletes = CopyText.line(["2025", "8"]) + CopyText.line(["2025", "9"])
        sales.deleteCount = 2
        return [customers, sales]
    }

    static func body() throws -> [UInt8] {
        try Zstd.decompress(BatchEncoder.encode(claimed, tables: tables), limit: 1 << 20)
    }

    /// The header of the good batch, changed, with the lines of the good batch.
    static func message(changing change: (inout BatchHeader) -> Void) throws -> [UInt8] {
        let body = try body()
        let end = body.firstIndex(of: CopyText.newline)!
        var header = try JSONDecoder().decode(BatchHeader.self, from: Data(body[..<end]))
        change(&header)
        return Zstd.compress([UInt8](try JSONEncoder().encode(header)) + body[end...])
    }

    /// The good body with a text replaced where it first stands.
    static func message(replacing old: [UInt8], with new: [UInt8]) throws -> [UInt8] {
        var body = try body()
        let start = body.indices.first { body[$0...].starts(with: old) }!
        body.replaceSubrange(start..<(start + old.count), with: new)
        return Zstd.compress(body)
    }

    static func refusal(_ message: [UInt8], limits: WireLimits = WireLimits()) -> WireError? {
        do throws(WireError) {
            _ = try InboundBatch(message: message, limits: limits)
            return nil
        } catch { return error }
    }
}
