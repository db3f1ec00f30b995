import Foundation
import Testing
import TrunklineTesting

/// The command-line tool as a person and a script use it: output and exit codes.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct CommandTests {
    @Test(arguments: Pairing.all) func syncVerifyRetryAndRows(pairing: Pairing) async throws {
        let site = try await Site(
            pairing,
            headSchema: """
                create table item (branch_id text not null, id integer not null, name text, n integer,
                    constraint no_gifts check (n > 0), primary key (branch_id, id))
                """)
        try site.east.run("insert into item values (1, 'good', 1), (2, 'gift', 0)")
        #expect(try site.trunkline(site.east, "rows", "item").contains("pending"))
        // The head is away.
        #expect(try await site.exit(site.east, "sync", "--timeout", "2s").0 == 1)
        for service in Site.headServices { try site.start(service, at: site.head) }
        let (code, output) = try await site.exit(site.east, "sync", "--timeout", "60s")
        #expect(code == 3, "a row is set aside: \(output)")
        #expect(try site.trunkline(site.east, "rows", "item", "--state", "acked").contains("good"))
        #expect(try site.trunkline(site.east, "rows", "item").contains("no_gifts"))
        #expect(try await site.exit(site.east, "verify", "--timeout", "60s").0 == 2)
        #expect(try await site.exit(site.head, "retry").0 == 3)
        try site.east.run("update item set n = 2 where id = 2")
        #expect(try await site.exit(site.east, "sync", "--timeout", "60s").0 == 0)
        let verified = try await site.exit(site.east, "verify", "--timeout", "60s")
        #expect(verified.0 == 0 && verified.1.contains("verify: east agrees with head"), "\(verified.1)")
        #expect(try site.differences(site.east) == [])
        try await site.stopAll()
    }

    @Test func runHasAllServicesOfAnOfficeInOneProcess() async throws {
        let site = try await Site(Pairing(branch: .sqlite, head: .sqlite))
        try site.east.run("insert into item values (1, 'one process', 1)")
        let directory = try TemporaryDirectory()
        let runs = try [site.head, site.east].map {
            try ChildProcess(
                Site.executable("trunkline"), ["run"], environment: site.environment($0),
                output: directory.file("\($0.id).log"))
        }
        try await site.settle()
        let (code, output) = try await site.exit(site.head, "verify", "--timeout", "60s")
        #expect(code == 0 && output.contains("verify: 1 of 1 branches agree"), "\(output)")
        for run in runs { run.send(SIGTERM) }
        for run in runs { #expect(try await run.waitForExit(within: .seconds(40)) == .code(0)) }
    }

    @Test(arguments: Site.headServices + Site.branchServices)
    func underAServicesNameTheCommandLineToolIsThatService(service: String) throws {
        let directory = try TemporaryDirectory()
        let link = directory.file(service)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Site.executable("trunkline"))
        #expect(try Command.run(link, ["--help"]) == Command.run(Site.executable(service), ["--help"]))
    }
}
