import Foundation
import TrunklineTesting

/// What Trunkline itself says once the offices agree: all is acked, nothing was set aside or buried, `verify` agrees.
struct Aftermath {
    /// What is not as it must be, a sentence each.
    private(set) var complaints: [String] = []

    init(_ site: ChaosSite) async throws {
        for branch in site.branches { await check(site, branch) }
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
    private mutating func check(_ site: ChaosSite, _ branch: TestOffice) async {
        var last = ""
        do {
            try await eventually("\(branch.id) knows that all is acked", within: .seconds(60)) {
                last = try await site.trunkline(branch, "status", "--json")
                let status = try JSONDecoder().decode([Status].self, from: Data(last.utf8))
                return status.allSatisfy(\.isSettled)
            }
        } catch {
            complaints.append("\(error): \(last)")
        }
    }

    /// Of `trunkline status --json`, what is needed here.
    private struct Status: Decodable {
        var pending: Int
        var inFlightBatches: Int
        var setAside: Int
        var stopped: String?

        var isSettled: Bool { pending == 0 && inFlightBatches == 0 && setAside == 0 && stopped == nil }
    }
}
