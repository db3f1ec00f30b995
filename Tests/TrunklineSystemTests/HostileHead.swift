import Foundation
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Whoever has the head's broker user and speaks AMQP by hand: forms the batches of `head>east` as it likes.
final class HostileHead {
    static let stream = StreamID(from: .head, to: OfficeID("east")!)

    /// A table of a batch, with whatever it says of itself.
    struct Table {
        var name: TableName
        var key = ["id"]
        var columns = [Column(name: "id", type: "integer"), Column(name: "word", type: "text")]
        /// COPY lines, without their newlines.
        var rows = ["1\tforged"]
        var deletes: [String] = []

        var header: TableHeader {
            TableHeader(
                name: name, key: key, columns: columns, rows: rows.count, rowBytes: Table.text(rows).count,
                deletes: deletes.count, deleteBytes: Table.text(deletes).count, allNew: false)
        }

        static func text(_ lines: [String]) -> [UInt8] { lines.flatMap { Array(($0 + "\n").utf8) } }

        /// An honest row of what the branch takes.
        static func price(_ id: Int, columns more: [Column] = [], _ fields: String = "") -> Table {
            let columns = [Column(name: "id", type: "integer"), Column(name: "cents", type: "integer")]
            return Table(name: TableName("price"), columns: columns + more, rows: ["\(id)\t\(id)\(fields)"])
        }
    }

    let epoch = UUID()
    private let amqp: RawAMQP
    private let user: String
    private(set) var number: Int64 = 0
    private var lastID: UUID?
    private var id = UUID()

    init(_ site: Site) throws {
        amqp = try RawAMQP(url: site.brokerURL)
        user = URLComponents(string: site.brokerURL)?.user ?? ""
    }

    /// Sends the next batch.
    /// - Parameter change: what it says of itself.
    func send(_ tables: [Table], _ change: (inout BatchHeader) -> Void = { _ in }) throws {
        let body = try body(tables, change)
        number += 1
        lastID = id
        try put(body)
    }

    /// A batch of the next number, which is not counted.
    func body(_ tables: [Table], _ change: (inout BatchHeader) -> Void = { _ in }) throws -> [UInt8] {
        var header = header()
        header.tables = tables.map(\.header)
        change(&header)
        id = header.id
        return Self.pack(
            try JSONEncoder().encode(header),
            tables.flatMap { Table.text($0.rows) } + tables.reversed().flatMap { Table.text($0.deletes) })
    }

    /// Of a batch of the next number, without tables.
    func header() -> BatchHeader {
        BatchHeader(
            stream: Self.stream, epoch: epoch, number: number + 1, id: UUID(), previousID: lastID, tables: [])
    }

    static func pack(_ header: Data, _ lines: [UInt8] = []) -> [UInt8] {
        Zstd.compress(Array(header) + [UInt8(ascii: "\n")] + lines)
    }

    static func pack(_ header: String, _ lines: String = "") -> [UInt8] { pack(Data(header.utf8), Array(lines.utf8)) }

    /// Puts something into the queue of what comes down.
    func put(
        _ body: [UInt8], type: String? = "batch", encoding: String? = "zstd", key: String = "east", copy: String? = nil
    )
        throws
    {
        var properties = RawAMQP.Properties(type: type, encoding: encoding, userID: user)
        properties.copies = copy.map { [$0] } ?? []
        try publish(Topology.downExchange, key, properties, body)
    }

    /// Puts something into the queue of acks.
    func putAck(_ body: [UInt8], type: String = "ack") throws {
        try publish(Topology.acksExchange, "east", RawAMQP.Properties(type: type, userID: user), body)
    }

    private func publish(_ exchange: String, _ key: String, _ properties: RawAMQP.Properties, _ body: [UInt8]) throws {
        let reply = try amqp.publish(exchange, key, properties, body)
        guard reply == .done("60.80") else { throw TestFailure("the broker answered \(reply)") }
    }
}
