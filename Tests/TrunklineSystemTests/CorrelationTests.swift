import Foundation
import Testing
import TrunklineTesting

/// The logs of real services, as those who collect them read them.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker, "run ./scripts/test"))
struct CorrelationTests {
    @Test func oneIdFollowsABatchThroughTheLogsOfAllServices() async throws {
        let site = try await Site(
            Pairing(branch: .postgres, head: .sqlite), settings: ["TRUNKLINE_LOG_FORMAT": "json"])
        try site.startAll()
        try site.east.run("insert into item values (1, 'paper', 1)")
        try await site.settle()
        try await site.services["east/branch-ack-listener"]!.waitForOutput("batch acked")
        var ids: [String: Set<String>] = [:]
        for (name, process) in site.services {
            for line in process.output.split(separator: "\n") {
                let fields = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
                #expect(fields["service"] == String(name.split(separator: "/")[1]))
                #expect(fields["office"] == String(name.split(separator: "/")[0]))
                #expect(["time", "level", "message", "version"].allSatisfy { fields[$0] != nil })
                if let id = fields["batch_id"] { ids[name, default: []].insert(id) }
            }
        }
        let first = try #require(
            ids["east/branch-publisher"]?.first { id in
                ["head/head-ingestor", "head/head-acker", "east/branch-ack-listener"].allSatisfy {
                    ids[$0]?.contains(id) == true
                }
            })
        #expect(UUID(uuidString: first) != nil && first == first.lowercased())
        try await site.stopAll()
    }
}
