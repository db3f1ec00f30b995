import Foundation
import TrunklineCore
import TrunklineTesting

/// A head and branches with real databases and a real broker, their services as processes.
final class Site {
    let head: TestOffice
    let branches: [TestOffice]
    /// With an administrator of the broker, who is the head's user.
    let brokerURL: String
    /// The virtual host, where it is one of the tests' broker.
    let broker: TestBroker?
    let directory: TemporaryDirectory
    private let management: String
    private let settings: [String: String]
    /// What the processes that start from now on read.
    var tables: Tables
    private(set) var services: [String: ChildProcess] = [:]
    private var started = 0
    private var brokerURLs: [String: String] = [:]

    static let schema = "create table item (id integer primary key, name text, n integer);"

    /// The tables of the head and of the branches, as their configuration names them.
    struct Tables {
        /// nil: the head names none.
        var head: String?
        var branch = "item"
        /// What is made at a branch before its `init`.
        var branchSchema = Site.schema
    }

    /// - Parameters:
    ///   - broker: a server of its own; nil: a virtual host of the tests' broker.
    ///   - server: the PostgreSQL server; nil: the tests'.
    ///   - settings: environment of every process here, as `TRUNKLINE_BATCH_ROWS`.
    init(
        _ pairing: Pairing, branches names: [String] = ["east"], broker own: PrivateBroker? = nil,
        server: String? = nil,
        settings: [String: String] = [:], headSchema: String = "", tables: Tables = Tables()
    ) async throws {
        directory = try TemporaryDirectory()
        broker = own == nil ? try await TestBroker() : nil
        brokerURL = own?.url ?? broker!.url
        management = own?.management ?? broker!.managementURL
        self.settings = settings
        self.tables = tables
        head = try TestOffice("head", pairing.head, in: directory, server: server)
        branches = try names.map { [directory] in try TestOffice($0, pairing.branch, in: directory, server: server) }
        if !headSchema.isEmpty { try head.run(headSchema) }
        try trunkline(head, "init")
        for branch in branches {
            try branch.run(tables.branchSchema)
            try add(branch)
            try trunkline(branch, "init")
        }
    }

    var east: TestOffice { branches[0] }

    /// Adds a branch at the head, with a broker user and a kit of its own.
    func add(_ branch: TestOffice) throws { try trunkline(head, "branch", "add", branch.id, "--kit", kit(branch)) }

    /// Gives a branch without a kit its broker.
    func configure(_ branch: TestOffice, brokerURL: String) { brokerURLs[branch.id] = brokerURL }

    /// Where a branch's kit is.
    func kit(_ branch: TestOffice) -> String { directory.file("kit-\(branch.id)") }

    /// The broker as a branch reaches it, with its own user.
    func brokerURL(of branch: TestOffice) throws -> String {
        try String(contentsOfFile: kit(branch) + "/broker-url", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The folder of the products, where the test bundle is too.
    static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    static func executable(_ name: String) -> String {
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        for folder in [beside, products] {
            let path = folder.appending(path: name).path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        return name
    }

    func environment(_ office: TestOffice) -> [String: String?] {
        var environment: [String: String?] = [
            "TRUNKLINE_OFFICE_ID": office.id, "TRUNKLINE_OFFICE_ROLE": office === head ? "head" : "branch",
            "TRUNKLINE_DATABASE_URL": office.url, "TRUNKLINE_LOG_LEVEL": "debug",
        ]
        if office === head {
            environment["TRUNKLINE_BROKER_URL"] = brokerURL
            environment["TRUNKLINE_BROKER_MANAGEMENT_URL"] = management
            if let names = tables.head { environment["TRUNKLINE_TABLES"] = names }
        } else if let url = brokerURLs[office.id] {
            environment["TRUNKLINE_BROKER_URL"] = url
            environment["TRUNKLINE_TABLES"] = tables.branch
        } else {
            environment["TRUNKLINE_CONFIG"] = kit(office) + "/office.yaml"
            environment["TRUNKLINE_TABLES"] = tables.branch
        }
        for (key, value) in settings { environment[key] = value }
        return environment
    }

    /// Runs the command-line tool at an office.
    @discardableResult
    func trunkline(_ office: TestOffice, _ arguments: String...) throws -> String {
        try Command.run(Site.executable("trunkline"), arguments, environment: environment(office))
    }

    /// Runs the command-line tool for its exit code, and all that it prints.
    func exit(_ office: TestOffice, _ arguments: String...) async throws -> (Int32, String) {
        try await exit(office, arguments)
    }

    func exit(_ office: TestOffice, _ arguments: [String]) async throws -> (Int32, String) {
        started += 1
        let process = try ChildProcess(
            Site.executable("trunkline"), arguments, environment: environment(office),
            output: directory.file("\(started).log"))
        guard case .code(let code) = try await process.waitForExit(within: .seconds(120)) else {
            throw TestFailure("trunkline was killed")
        }
        return (code, process.output)
    }

    /// Starts one more copy of a service. Its name in ``services`` is `east/branch-publisher`, with `#2` for a second copy.
    func start(_ service: String, at office: TestOffice, copy: Int = 1) throws {
        let name = "\(office.id)/\(service)" + (copy == 1 ? "" : "#\(copy)")
        started += 1
        services[name] = try ChildProcess(
            Site.executable(service), environment: environment(office),
            output: directory.file("\(started).log"))
    }

    static let headServices = ["head-ingestor", "head-acker"]
    static let branchServices = ["branch-publisher", "branch-ack-listener", "stale-reaper"]
    /// Of the way down.
    static let headSenders = ["head-publisher", "head-ack-listener", "stale-reaper"]
    static let branchReceivers = ["branch-ingestor", "branch-acker"]

    func startAll() throws {
        for service in Site.headServices { try start(service, at: head) }
        for branch in branches {
            for service in Site.branchServices { try start(service, at: branch) }
        }
    }

    /// SIGKILL, and waits until it is gone.
    func kill(_ name: String) async throws {
        let process = services.removeValue(forKey: name)
        process?.send(SIGKILL)
        _ = try await process?.waitForExit()
    }

    /// SIGTERM to all; every one must end by itself with code 0.
    func stopAll() async throws {
        for process in services.values { process.send(SIGTERM) }
        for (name, process) in services {
            guard try await process.waitForExit(within: .seconds(40)) == .code(0) else {
                throw TestFailure("\(name) did not stop cleanly:\n\(process.output.suffix(3_000))")
            }
        }
        services = [:]
    }

    func status(_ office: TestOffice) throws -> [StreamStatus] {
        let text = try trunkline(office, "status", "--json")
        return try JSONDecoder().decode([StreamStatus].self, from: Data(text.utf8))
    }

    /// Waits until every branch has all its changes acked.
    func settle(within timeout: Duration = .seconds(120)) async throws {
        for branch in branches {
            do {
                try await eventually("all of \(branch.id) is acked", within: timeout) {
                    let status = try status(branch)[0]
                    return status.pending == 0 && status.inFlightBatches == 0 && status.watermark == status.lastFormed
                }
            } catch {
                let logs = services.map { "== \($0.key)\n\($0.value.output.suffix(1_500))" }.joined(separator: "\n")
                throw TestFailure("\(error)\n\(try trunkline(branch, "status"))\n\(logs)")
            }
        }
    }

    /// The rows that differ between a branch and the head, as the two databases themselves say: nothing of ours decides.
    func differences(_ branch: TestOffice) throws -> Set<String> {
        let own = try branch.run("select id, name, n from item;")
        let theirs = try head.run("select id, name, n from item where branch_id = '\(branch.id)';")
        return Set(own.split(separator: "\n").map(String.init))
            .symmetricDifference(theirs.split(separator: "\n").map(String.init))
    }
}
