import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// No password appears in what people, logs and process lists get to see.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct SecrecyTests {
    private static let databasePassword = "d4tabase-s3cr3t"

    /// As the office is configured, with a password for its database, which the tests' server does not ask for.
    private func environment(_ site: Site, _ office: TestOffice, _ more: [String: String] = [:]) -> [String: String?] {
        var environment = site.environment(office)
        var parts = URLComponents(string: office.url)!
        parts.password = Self.databasePassword
        environment["TRUNKLINE_DATABASE_URL"] = parts.string!
        environment["TRUNKLINE_LOG_LEVEL"] = "trace"
        for (name, value) in more { environment[name] = value }
        return environment
    }

    /// Runs a command to whatever end, and returns all that it wrote.
    private func output(_ environment: [String: String?], _ arguments: [String]) async throws -> String {
        let directory = try TemporaryDirectory()
        let process = try ChildProcess(
            Site.executable("trunkline"), arguments, environment: environment, output: directory.file("output"))
        guard case .code = try await process.waitForExit(within: .seconds(120)) else {
            throw TestFailure("trunkline \(arguments) was killed")
        }
        return process.output
    }

    @Test func noOutputLogOrProcessListShowsAPassword() async throws {
        let site = try await Site(Pairing(branch: .postgres, head: .postgres))
        func password(_ url: String) throws -> String { try #require(URLComponents(string: url)?.password) }
        var secrets = [
            Self.databasePassword, try password(site.brokerURL), try password(site.brokerURL(of: site.east)),
        ]
        try site.east.run("insert into item values (1, 'row', 1)")
        let directory = try TemporaryDirectory()
        var services: [ChildProcess] = []
        for (office, names) in [(site.head, Site.headServices), (site.east, Site.branchServices)] {
            for name in names {
                services.append(
                    try ChildProcess(
                        Site.executable(name), environment: environment(site, office), output: directory.file(name)))
            }
        }
        var written: [String: String] = [:]
        func run(_ office: TestOffice, _ more: [String: String] = [:], _ arguments: String...) async throws {
            let key = "\(office.id): \(arguments.joined(separator: " ")) \(more.keys.sorted())"
            written[key] = try await output(environment(site, office, more), arguments)
        }
        for json in [[], ["--json"]] {
            for command in [["init"], ["sync", "--timeout", "60s"], ["status"], ["rows", "item"], ["resync"]] {
                let arguments = command + json
                written["east: \(arguments)"] = try await output(environment(site, site.east), arguments)
            }
            for command in [
                ["init"], ["status"], ["rows", "item"], ["retry"], ["verify", "--timeout", "30s"], ["branch", "list"],
                ["branch", "add", "east"], ["branch", "rotate", "east", "--kit", directory.file("kit\(json.count)")],
            ] {
                let arguments = command + json
                written["head: \(arguments)"] = try await output(environment(site, site.head), arguments)
            }
        }
        for kit in ["kit0", "kit1"] {
            let url = try String(contentsOfFile: directory.file("\(kit)/broker-url"), encoding: .utf8)
            secrets.append(try password(url.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        try await run(site.head, [:], "branch", "suspend", "east")
        try await run(site.head, [:], "branch", "resume", "east")
        for office in [site.head, site.east] {
            try await run(office, [:], "config", "--check")
            try await run(office, [:], "config")
        }
        // And when something is wrong with what holds the password.
        let wrong = "wr0ng-s3cr3t"
        secrets.append(wrong)
        for (name, value) in [
            ("TRUNKLINE_BROKER_URL", "amqp://trunkline:\(wrong)@127.0.0.1:1/"),
            ("TRUNKLINE_BROKER_URL", "amqp://trunkline:\(wrong)@127.0.0.1:port/"),
            ("TRUNKLINE_BROKER_URL", "amqp://trunkline:\(wrong)@broker.invalid/"),
            ("TRUNKLINE_BROKER_URL", site.brokerURL.replacing(try password(site.brokerURL), with: wrong)),
            ("TRUNKLINE_BROKER_MANAGEMENT_URL", "http://trunkline:\(wrong)@127.0.0.1:1"),
            ("TRUNKLINE_BROKER_MANAGEMENT_URL", "http://trunkline:\(wrong)@127.0.0.1:port"),
            ("TRUNKLINE_BROKER_MANAGEMENT_URL", "https://trunkline:\(wrong)@127.0.0.1:1/?x=\(wrong)"),
            (
                "TRUNKLINE_BROKER_MANAGEMENT_URL",
                site.broker!.managementURL.replacing(try password(site.broker!.managementURL), with: wrong)
            ),
            ("TRUNKLINE_DATABASE_URL", "postgres://u:\(wrong)@127.0.0.1:1/x"),
            ("TRUNKLINE_DATABASE_URL", "postgres://u:\(wrong)@127.0.0.1:port/x"),
            ("TRUNKLINE_DATABASE_URL", "postgres://u:\(wrong)%zz@127.0.0.1/x"),
            ("TRUNKLINE_DATABASE_URL", "postgres://u:\(wrong)@db.invalid/x"),
            ("TRUNKLINE_DATABASE_URL", "postgres://u:x@\(wrong)@127.0.0.1/x"),
            ("TRUNKLINE_DATABASE_URL", "postgres://u:x/\(wrong)@127.0.0.1/x"),
            ("TRUNKLINE_DATABASE_URL", "postgres://u:x?\(wrong)@127.0.0.1/x"),
            ("TRUNKLINE_DATABASE_URL", "postgres://127.0.0.1:\(wrong)/x"),
            ("TRUNKLINE_DATABASE_URL", "mysql://u:\(wrong)@db.invalid/x"),
        ] {
            let key = "\(name)=\(value)"
            written[key] = try await output(
                environment(site, site.head, [name: value]), ["branch", "add", "north", "--kit", directory.file("k")])
            written[key]! += try await output(environment(site, site.head, [name: value]), ["config", "--check"])
            #expect(written[key]!.isEmpty == false)
        }
        for service in services {
            let arguments = try String(contentsOfFile: "/proc/\(service.id)/cmdline", encoding: .utf8)
            written["arguments of \(service.id)"] = arguments
            service.send(SIGTERM)
        }
        for service in services {
            _ = try await service.waitForExit(within: .seconds(40))
            written[service.outputFile] = service.output
            #expect(service.output.contains("started"))
        }
        #expect(Set(secrets).count == 6)
        for (what, text) in written {
            for secret in secrets { #expect(!text.contains(secret), "\(what) shows a password") }
        }
    }
}
