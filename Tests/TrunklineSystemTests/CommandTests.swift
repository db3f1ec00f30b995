import Foundation
import Testing
import TrunklineTesting

/// The command-line tool as a person and a script use it: output and exit codes.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct CommandTests {
    @Test(arguments: Pairing.mixed) func syncVerifyRetryAndRows(pairing: Pairing) async throws {
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
        let unknown = try await site.exit(site.head, "verify", "--table", "itme", "--timeout", "60s")
        #expect(unknown.0 == 78 && unknown.1.contains("the synced tables: \"item\""), "\(unknown.1)")
        #expect(try await site.exit(site.head, "verify", "--table", "public.item", "--timeout", "60s").0 == 0)
        let broker = try #require(site.broker)
        // What drains has one of its own.
        try await eventually("two connections at each office") {
            try await broker.connectionCount() == 4
        }
        for run in runs { run.send(SIGTERM) }
        for run in runs { #expect(try await run.waitForExit(within: .seconds(40)) == .code(0)) }
    }

    @Test(arguments: Site.headServices + Site.branchServices + Site.headSenders.dropLast() + Site.branchReceivers)
    func underAServicesNameTheCommandLineToolIsThatService(service: String) throws {
        let directory = try TemporaryDirectory()
        let link = directory.file(service)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Site.executable("trunkline"))
        #expect(try Command.run(link, ["--help"]) == Command.run(Site.executable(service), ["--help"]))
    }

    @Test func dryRunSaysWhatInitWouldDoAndRefusalsStandOneALine() async throws {
        let directory = try TemporaryDirectory()
        let office = try TestOffice("east", .postgres, in: directory)
        try office.run(
            "create table item (id int primary key); insert into item values (1); create view items as select * from item"
        )
        func run(_ tables: String, _ arguments: String...) throws -> Command.Outcome {
            try Command.attempt(
                Site.executable("trunkline"), ["init"] + arguments,
                environment: [
                    "TRUNKLINE_OFFICE_ID": "east", "TRUNKLINE_DATABASE_URL": office.url, "TRUNKLINE_TABLES": tables,
                ])
        }
        let plan = try run("all", "--dry-run")
        #expect(plan.exit == .code(0), "\(plan)")
        #expect(plan.output.contains("east: item (key id) would be captured; 1 row would be pending; new triggers: "))
        #expect(plan.output.contains("east: nothing was changed"))
        #expect(try office.run("select count(*) from pg_namespace where nspname = 'trunkline'") == "0")
        for refused in [try run("items,itme"), try run("items,itme", "--dry-run")] {
            #expect(refused.exit == .code(78))
            let lines = refused.errors.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(
                lines.first == "trunkline: \"items\" is a view; name the tables behind it, or leave it out of tables")
            #expect(lines.last == "trunkline: table \"itme\" does not exist; did you mean item?")
        }
        let done = try run("all")
        #expect(done.exit == .code(0) && done.output.contains("item is captured from now on; 1 row pending"), "\(done)")
    }

    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func statusNamesATableThatNobodyCaptures(kind: DatabaseKind)
        async throws
    {
        let directory = try TemporaryDirectory()
        let office = try TestOffice("east", kind, in: directory)
        try office.run("create table item (id int primary key)")
        func output(_ command: String) throws -> String {
            let outcome = try Command.attempt(
                Site.executable("trunkline"), [command],
                environment: [
                    "TRUNKLINE_OFFICE_ID": "east", "TRUNKLINE_DATABASE_URL": office.url, "TRUNKLINE_TABLES": "all",
                ])
            #expect(outcome.exit == .code(0), "\(outcome)")
            return outcome.output
        }
        _ = try output("init")
        #expect(try !output("status").contains("NOT CAPTURED"))
        try office.run("create table later (id int primary key)")
        #expect(
            try output("status").contains("table \"later\" is one of tables, and its changes are NOT CAPTURED"))
        _ = try output("init")
        #expect(try !output("status").contains("NOT CAPTURED"))
    }

    @Test func statusSaysWhichServiceFailsAndWhy() async throws {
        let site = try await Site(Pairing(branch: .sqlite, head: .sqlite))
        #expect(try site.trunkline(site.head, "status").contains("east was added and has not been heard of"))
        #expect(try site.trunkline(site.east, "status").contains("no branch-publisher has run here yet"))
        try site.east.run("insert into item values (1, 'waits', 1)")
        site.configure(site.east, brokerURL: "amqp://east:secret@127.0.0.1:1/")
        try site.start("branch-publisher", at: site.east)
        try await eventually("status names the failure", within: .seconds(60)) {
            try site.trunkline(site.east, "status").contains("branch-publisher: fails since")
        }
        let said = try site.trunkline(site.east, "status")
        #expect(said.contains("127.0.0.1:1") && !said.contains("secret"), "\(said)")
        try await site.stopAll()
        #expect(try site.trunkline(site.east, "status").contains("no branch-publisher has run here for"))
        #expect(try site.trunkline(site.east, "status", "--services").contains("stopped"))
    }

    /// Deletes that were made past the triggers, a row that was changed at the head, and one that went there.
    @Test(arguments: Pairing.mixed) func repairMakesTheHeadAsTheBranchIs(pairing: Pairing) async throws {
        let site = try await Site(pairing)
        try site.east.run("insert into item values (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)")
        for service in Site.headServices { try site.start(service, at: site.head) }
        #expect(try await site.exit(site.east, "sync", "--timeout", "60s").0 == 0)
        try site.head.run(
            """
            insert into item (branch_id, id, name, n) values ('east', 9, 'only at head', 9);
            update item set name = 'other' where id = 1; delete from item where id = 2
            """)
        #expect(try await site.exit(site.east, "verify", "--table", "nothing", "--timeout", "60s").0 == 78)
        #expect(try await site.exit(site.head, "verify", "--repair").0 == 78)
        let (code, output) = try await site.exit(site.east, "verify", "--table", "item", "--repair", "--timeout", "60s")
        #expect(code == 0 && output.contains("repair: 3 keys sent again"), "\(output)")
        #expect(try site.differences(site.east) == [])
        #expect(try await site.exit(site.east, "verify", "--repair", "--timeout", "60s").0 == 0)
        try await site.stopAll()
    }
}
