import Foundation
import Testing
import TrunklineTesting

/// A service that would send passwords and rows in plain text to another machine.
@Suite struct PlaintextWarningTests {
    @Test func plainTextToAnotherMachineIsRefusedOrWarnedOf() async throws {
        let directory = try TemporaryDirectory()
        var environment: [String: String?] = [
            "TRUNKLINE_OFFICE_ID": "head", "TRUNKLINE_DATABASE_URL": "sqlite://\(directory.file("head.db"))",
            "TRUNKLINE_BROKER_URL": "amqp://u:s3cr3t@broker.invalid",
        ]
        func start(_ output: String) throws -> ChildProcess {
            try ChildProcess(
                Site.executable("head-ingestor"), environment: environment, output: directory.file(output))
        }
        let refused = try start("refused")
        #expect(try await refused.waitForExit() == .code(78))
        #expect(refused.output.contains("set allow-plaintext"))
        environment["TRUNKLINE_ALLOW_PLAINTEXT"] = "true"
        let warned = try start("warned")
        try await warned.waitForOutput("warning head-ingestor: connection without TLS")
        #expect(warned.output.contains("broker.url amqp://broker.invalid"))
        #expect(!(warned.output + refused.output).contains("s3cr3t"))
        try await warned.waitForOutput("started")
        warned.send(SIGTERM)
        #expect(try await warned.waitForExit() == .code(0))
    }
}
