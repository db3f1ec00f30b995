import Foundation
import TrunklineTesting

/// Asks a service where it says that it answers, as a probe of Kubernetes or Prometheus does.
struct Probe {
    /// `http://127.0.0.1:41234`
    let url: String

    /// Waits until the service answers; it was started with `TRUNKLINE_MONITORING_ADDRESS=127.0.0.1:0`.
    init(_ service: ChildProcess) async throws {
        try await service.waitForOutput("127.0.0.1:")
        let line = service.output.split(separator: "\n").first { $0.contains("monitoring") }
        guard let place = line?.firstMatch(of: /127\.0\.0\.1:[0-9]+/) else {
            throw TestFailure("the service does not say where it answers:\n\(service.output)")
        }
        url = "http://\(place.output)"
    }

    /// - Returns: the status and the body.
    func get(_ path: String) throws -> (Int, String) {
        let output = try Command.run(
            "curl", ["--silent", "--max-time", "10", "--write-out", "\n%{http_code}", "\(url)/\(path)"])
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    func status(_ path: String) throws -> Int { try get(path).0 }
}
