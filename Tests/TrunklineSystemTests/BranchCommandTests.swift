import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// `trunkline branch` on a real broker, with the services of real branches.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct BranchCommandTests {
    private let pairing = Pairing(branch: .sqlite, head: .postgres)

    private func failure(_ body: () throws -> Void) -> String {
        let error = #expect(throws: TestFailure.self, performing: body)
        return error?.description ?? ""
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func aKitIsCompletePrivateAndNeverOverwritten() async throws {
        let site = try await Site(pairing)
        let kit = site.kit(site.east)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: kit).sorted() == [
                "README", "broker-url", "office.yaml",
            ])
        #expect(try mode(kit) == 0o700)
        #expect(try mode(kit + "/broker-url") == 0o600)
        let url = try site.brokerURL(of: site.east)
        // Again: what is there stays, the password too; and no kit is written for a password that nobody knows.
        #expect(try site.trunkline(site.head, "branch", "add", "east").contains("was there already, with its password"))
        #expect(failure { try site.add(site.east) }.contains("is there already"))
        let other = site.directory.file("other")
        #expect(failure { try site.trunkline(site.head, "branch", "add", "east", "--kit", other) }.contains("rotate"))
        #expect(
            failure { try site.trunkline(site.head, "branch", "rotate", "east", "--kit", kit) }.contains(
                "is there already"))
        #expect(try site.brokerURL(of: site.east) == url)
        try await RabbitMQLink(RabbitMQConfiguration(url: url)).keepAlive()
        // JSON is for scripts and their logs.
        #expect(failure { try site.trunkline(site.head, "branch", "add", "west", "--json") }.contains("--kit"))
        #expect(failure { try site.trunkline(site.head, "branch", "rotate", "east", "--json") }.contains("--kit"))
        let list = try site.trunkline(site.head, "branch", "list", "--json")
        #expect(
            try JSONDecoder().decode([Branch].self, from: Data(list.utf8)).map(\.id.description) == ["east"])
    }

    @Test func aPasswordThatSomebodyElseMadeIsTaken() async throws {
        let site = try await Site(pairing, branches: [])
        let file = site.directory.file("password")
        let add = ["branch", "add", "east", "--password-file", file]
        func url(_ password: String) -> String {
            var parts = URLComponents(string: site.environment(site.head)["TRUNKLINE_BROKER_URL"]!!)!
            let virtualHost = String(parts.percentEncodedPath.dropFirst())
            parts.user = virtualHost.isEmpty ? "trunkline.east" : "trunkline.\(virtualHost).east"
            parts.password = password
            return parts.string!
        }
        for password in ["first", "second"] {
            try "\(password)\n".write(toFile: file, atomically: true, encoding: .utf8)
            for _ in 1...2 {
                let output = try Command.run(
                    Site.executable("trunkline"), add, environment: site.environment(site.head))
                #expect(output.contains("--password-file") && !output.contains(password))
            }
            try await RabbitMQLink(RabbitMQConfiguration(url: url(password))).keepAlive()
        }
        let refused = failure {
            try Command.run(
                Site.executable("trunkline"), add + ["--user", "till"], environment: site.environment(site.head))
        }
        #expect(refused.contains("leave --user and --kit out"))
    }

    @Test func withoutManagementAUserMustBeNamed() async throws {
        let site = try await Site(pairing, branches: [])
        var environment = site.environment(site.head)
        environment["TRUNKLINE_BROKER_MANAGEMENT_URL"] = ""
        let add = ["branch", "add", "east"]
        let refused = failure { try Command.run(Site.executable("trunkline"), add, environment: environment) }
        #expect(refused.contains("broker.management-url: is missing") && refused.contains("--user"))
        try Command.run(Site.executable("trunkline"), add + ["--user", "till"], environment: environment)
        let taken = failure { try site.trunkline(site.head, "branch", "add", "west", "--user", "till") }
        #expect(taken.contains("speaks for another branch"))
        let suspend = ["branch", "suspend", "east"]
        let output = try Command.run(Site.executable("trunkline"), suspend, environment: environment)
        #expect(output.contains("can still connect"))
        let list = try site.trunkline(site.head, "branch", "list")
        #expect(list.contains("till") && list.contains("suspended"))
    }

    @Test(arguments: [DatabaseKind.postgres, .sqlite])
    func aSuspendedBranchIsShutOutAndGoesOnWhenItIsResumed(head: DatabaseKind) async throws {
        let site = try await Site(
            Pairing(branch: .sqlite, head: head), branches: ["east", "west"],
            settings: ["TRUNKLINE_STALE_TIMEOUT": "1s", "TRUNKLINE_STALE_CEILING": "3s"])
        for service in Site.branchServices { try site.start(service, at: site.east) }
        try site.east.run("insert into item values (1, 'sent before', 1)")
        try await eventually("east has sent") { try site.status(site.east)[0].inFlightBatches == 1 }
        // Suspended while its batch waits in the head's queue: that is refused.
        #expect(try site.trunkline(site.head, "branch", "suspend", "east").contains("shut out"))
        for branch in site.branches.dropFirst() {
            for service in Site.branchServices { try site.start(service, at: branch) }
        }
        for service in Site.headServices { try site.start(service, at: site.head) }
        try await site.services["head/head-ingestor"]!.waitForOutput("branch east is suspended")
        try site.east.run("insert into item values (2, 'while suspended', 1)")
        try site.branches[1].run("insert into item values (1, 'honest', 1)")
        try await eventually("west's row is at the head") {
            (try? site.head.run("select count(*) from item where branch_id = 'west'")) == "1"
        }
        #expect(try site.head.run("select count(*) from item where branch_id = 'east'") == "0")
        // To add it again does not let it in.
        try site.trunkline(site.head, "branch", "add", "east")
        let error = await #expect(throws: BrokerError.self) {
            try await RabbitMQLink(RabbitMQConfiguration(url: site.brokerURL(of: site.east))).keepAlive()
        }
        #expect(error?.code == .accessRefused)
        try site.trunkline(site.head, "branch", "resume", "east")
        try await site.settle()
        for branch in site.branches { #expect(try site.differences(branch) == []) }
        try await site.stopAll()
    }

    @Test func whatASuspendedBranchSentIsNotTriedAgain() async throws {
        let site = try await Site(
            pairing, branches: ["east", "west"], settings: ["TRUNKLINE_RETRY_INTERVAL": "1s"])
        try site.startAll()
        for branch in site.branches { try branch.run("insert into item values (1, 'first', 1)") }
        try await site.settle()
        try site.head.run("alter table item add constraint small check (id < 2)")
        for branch in site.branches { try branch.run("insert into item values (2, 'set aside', 1)") }
        try await eventually("both are set aside") { try site.status(site.head).allSatisfy { $0.setAside == 1 } }
        try site.trunkline(site.head, "branch", "suspend", "east")
        try site.head.run("alter table item drop constraint small")
        let stored = {
            try site.head.run("select string_agg(branch_id, ',' order by branch_id) from item where id = 2")
        }
        try await eventually("west's row is stored") { try stored().contains("west") }
        try await Task.sleep(for: .seconds(3))
        #expect(try stored() == "west")
        try site.trunkline(site.head, "branch", "resume", "east")
        try await eventually("east's row is stored") { try stored() == "east,west" }
        try await site.stopAll()
    }

    @Test func aRotatedPasswordIsVoidAtOnce() async throws {
        let site = try await Site(pairing)
        try site.startAll()
        try site.east.run("insert into item values (1, 'old password', 1)")
        try await site.settle()
        let old = try site.brokerURL(of: site.east)
        let kit = site.directory.file("kit-2")
        try site.trunkline(site.head, "branch", "rotate", "east", "--kit", kit)
        await #expect(throws: BrokerError.self) { try await RabbitMQLink(RabbitMQConfiguration(url: old)).keepAlive() }
        try site.east.run("insert into item values (2, 'new password', 1)")
        try await site.services["east/branch-publisher"]!.waitForOutput("ACCESS_REFUSED")
        #expect(try site.status(site.east)[0].watermark == 1)
        for service in Site.branchServices { try await site.kill("east/\(service)") }
        let new = try String(contentsOfFile: kit + "/broker-url", encoding: .utf8)
        try new.write(toFile: site.kit(site.east) + "/broker-url", atomically: true, encoding: .utf8)
        for service in Site.branchServices { try site.start(service, at: site.east) }
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        try await site.stopAll()
    }

    @Test func aRemovedBranchLeavesItsRowsAndCanComeBack() async throws {
        let site = try await Site(pairing)
        try site.startAll()
        try site.east.run("insert into item values (1, 'first', 1)")
        try await site.settle()
        let old = try site.brokerURL(of: site.east)
        #expect(failure { try site.trunkline(site.head, "branch", "remove", "east") }.contains("--yes"))
        #expect(try await site.broker!.queues().contains("trunkline.branch.east.acks"))
        #expect(try site.trunkline(site.head, "branch", "remove", "east", "--yes").contains("its rows stay"))
        #expect(try await site.broker!.queues() == ["trunkline.head", "trunkline.head.acks", "trunkline.dead"])
        await #expect(throws: BrokerError.self) { try await RabbitMQLink(RabbitMQConfiguration(url: old)).keepAlive() }
        #expect(try site.trunkline(site.head, "branch", "list", "--json").filter { !$0.isWhitespace } == "[]")
        #expect(try site.head.run("select count(*) from item where branch_id = 'east'") == "1")
        #expect(
            failure { try site.trunkline(site.head, "branch", "suspend", "east") }.contains("there is no branch east"))
        for service in Site.branchServices { try await site.kill("east/\(service)") }

        try site.east.run("insert into item values (2, 'second', 1)")
        let kit = site.directory.file("kit-2")
        try site.trunkline(site.head, "branch", "add", "east", "--kit", kit)
        let new = try String(contentsOfFile: kit + "/broker-url", encoding: .utf8)
        try new.write(toFile: site.kit(site.east) + "/broker-url", atomically: true, encoding: .utf8)
        for service in Site.branchServices { try site.start(service, at: site.east) }
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        try await site.stopAll()
    }

    /// The head forgot the branch with its restore, the broker did not.
    @Test func afterARestoreOfTheHeadBranchAddOffersWhatWorks() async throws {
        let site = try await Site(Pairing(branch: .sqlite, head: .sqlite))
        try site.head.run("delete from trunkline_branch where id = 'east'")
        let kit = site.directory.file("kit-2")
        let rotated = try await site.exit(site.head, "branch", "rotate", "east", "--kit", kit)
        #expect(rotated.0 == 64 && rotated.1.contains("trunkline branch add east adds it"), "\(rotated)")
        let added = try await site.exit(site.head, "branch", "add", "east", "--kit", kit)
        #expect(added.0 == 78 && added.1.contains("run: trunkline branch add east; for a new kit, then: "), "\(added)")
        try site.trunkline(site.head, "branch", "add", "east")
        try site.east.run("insert into item values (1, 'with the old kit', 1)")
        try site.startAll()
        try await site.settle()
        try site.trunkline(site.head, "branch", "rotate", "east", "--kit", kit)
        try await site.stopAll()
    }
}
