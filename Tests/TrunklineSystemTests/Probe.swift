import Foundation
import TrunklineTesting

/// Asks a service where it says that it answers, as a probe of Kubernetes or Prometheus does.
struct Probe {
    /// `http://127.0.0.1:41234`
    let url: String

    /// Waits until the service says so; it was started with `TRUNKLINE_MONITORING_ADDRESS=127.0.0.1:0`.
    init(_ service: ChildProcess) async throws {
        try await eventually("a service says where it answers, in \(service.outputFile)") {
            Self.place(service) != nil
        }
        url = "http://\(Self.place(service)!)"
    }

    private static func place(_ service: ChildProcess) -> String? {
        let line = service.output.split(separator: "\n").first { $0.contains(": monitoring ") }
        return line?.firstMatch(of: /place=(127\.0\.0\.1:[0-9]+)/).map { String($0.output.1) }
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
