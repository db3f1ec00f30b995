import Foundation
import TrunklineTesting

/// What Trunkline itself says once the offices agree: all is acked, nothing was set aside or buried, `verify` agrees.
struct Aftermath {
    /// What is not as it must be, a sentence each.
    private(set) var complaints: [String] = []
    /// What travelled, a line a stream, as its sender says it.
    private(set) var streams: [String] = []

    init(_ site: ChaosSite) async throws {
        for office in [site.head] + site.branches { await check(site, office) }
        do {
            try await site.trunkline(site.head, "verify", "--timeout", "90s")
        } catch {
            complaints.append("trunkline verify: \(error)")
        }
        let queues = try await site.broker.control("list_queues", "name", "messages")
        for line in queues.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            if fields.first == "trunkline.dead", fields.last != "0" {
                complaints.append("\(fields.last ?? "some") messages in trunkline.dead")
            }
        }
    }

    /// The ack of the last batch may come a moment after its rows.
    private mutating func check(_ site: ChaosSite, _ office: TestOffice) async {
        var last = ""
        var status: [Status] = []
        do {
            try await eventually("\(office.id) knows that all is acked", within: .seconds(60)) {
                last = try await site.trunkline(office, "status", "--json")
                status = try JSONDecoder().decode([Status].self, from: Data(last.utf8))
                return status.allSatisfy(\.isSettled)
            }
        } catch {
            complaints.append("\(error): \(last)")
        }
        let sent = status.filter { $0.direction == "sending" }
        let expected = office === site.head ? site.branches.count : 1
        if sent.count != expected {
            complaints.append("\(office.id) sends \(sent.count) streams, and should \(expected)")
        }
        streams += sent.map { "\($0.stream): \($0.ackedRows) rows and deletes acked, in \($0.watermark) batches" }
    }

    /// Of `trunkline status --json`, what is needed here.
    private struct Status: Decodable {
        var stream: String
        var direction: String
        var pending: Int
        var inFlightBatches: Int
        var ackedRows: Int
        var watermark: Int
        var setAside: Int
        var stopped: String?

        var isSettled: Bool { pending == 0 && inFlightBatches == 0 && setAside == 0 && stopped == nil }
    }
}
