import Foundation
import TrunklineTesting

/// The whole system: a PostgreSQL head, a PostgreSQL branch `east` and a SQLite branch `west`, each PostgreSQL a server
/// of its own, a RabbitMQ, a link from each office to it, and the services.
final class ChaosSite: Sendable {
    let broker: PrivateBroker
    /// By office.
    let servers: [String: PrivatePostgres]
    let links: [String: LinkProxy]
    let head: TestOffice
    let branches: [TestOffice]
    let crew: ServiceCrew
    /// Of the branches' databases, by office; none where none may be mounted.
    let disks: [String: SmallDisk]
    private let directory: TemporaryDirectory
    private let environments: [String: ServiceCrew.Environment]
    private let executables: URL
    private let isSharing: Bool

    /// Starts the servers and prepares the databases, as an operator would; no service runs yet.
    /// - Parameters:
    ///   - logs: the folder for the logs of the services.
    ///   - settings: environment of every process, as `TRUNKLINE_BATCH_ROWS`.
    ///   - hasSmallDisks: whether each branch gets a disk of its own.
    ///   - isSharing: whether there are tables that all offices write.
    init(
        logs: String, settings: [String: String], hasSmallDisks: Bool = true, isSharing: Bool = true
    ) async throws {
        self.isSharing = isSharing
        directory = try TemporaryDirectory()
        executables = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        broker = try await PrivateBroker()
        let east = try TemporaryDirectory()
        disks =
            hasSmallDisks
            ? ["east": SmallDisk(over: east, megabytes: 1_024), "west": SmallDisk(over: directory, megabytes: 256)]
                .compactMapValues { $0 } : [:]
        servers = ["head": try await PrivatePostgres(), "east": try await PrivatePostgres(in: east)]
        head = try TestOffice("head", .postgres, in: directory, server: servers["head"]?.url)
        branches = [
            try TestOffice("east", .postgres, in: directory, server: servers["east"]?.url),
            try TestOffice("west", .sqlite, in: directory),
        ]
        let offices = [head] + branches
        var links: [String: LinkProxy] = [:]
        var environments: [String: ServiceCrew.Environment] = [:]
        for office in offices {
            let (link, url) = try Self.link(to: broker.url)
            links[office.id] = link
            var environment = settings
            environment["TRUNKLINE_OFFICE_ID"] = office.id
            environment["TRUNKLINE_DATABASE_URL"] = office.url
            if office === head {
                environment["TRUNKLINE_BROKER_URL"] = url
                environment["TRUNKLINE_BROKER_MANAGEMENT_URL"] = broker.management
            } else {
                environment["TRUNKLINE_CONFIG"] = Self.kit(of: office, directory) + "/office.yaml"
            }
            environment["TRUNKLINE_TABLES"] = Self.tables(route: office === head, isSharing: isSharing)
            environments[office.id] = environment
        }
        self.links = links
        self.environments = environments
        crew = ServiceCrew(executables: executables, logs: logs, environments: environments)
        try await addBranches()
    }

    /// What an operator does once.
    private func addBranches() async throws {
        try head.run(Self.example("catalogue", head.kind) + ownTables(of: head))
        try await trunkline(head, "init")
        for branch in branches {
            try branch.run(
                Self.example("product_sales", branch.kind) + Self.example("catalogue", branch.kind)
                    + ownTables(of: branch))
            try await trunkline(
                head, "branch", "add", branch.id, "--kit", Self.kit(of: branch, directory), "--broker-address",
                "amqp://127.0.0.1:\(links[branch.id]!.port)")
            try await trunkline(branch, "init")
        }
    }

    /// Those of the writers.
    private func ownTables(of office: TestOffice) -> String {
        ReceiptWriter.schema + (isSharing ? SharedTable.sql(for: office.id) : "")
    }

    /// Runs the command-line tool at an office.
    @discardableResult
    func trunkline(_ office: TestOffice, _ arguments: String...) async throws -> String {
        try await onThread { [executables, environments] in
            try Command.run(
                executables.appending(path: "trunkline").path, arguments,
                environment: environments[office.id] ?? [:])
        }
    }

    /// Writes all that the databases hold as SQL, one file an office.
    func dump(to folder: String) async throws {
        for office in [head] + branches {
            try await onThread {
                let file = office.url.replacing("sqlite://", with: "")
                let dump =
                    office.kind == .postgres
                    ? try Command.run("pg_dump", [office.url]) : try Command.run("sqlite3", [file, ".dump"])
                try dump.write(toFile: "\(folder)/\(office.id).sql", atomically: false, encoding: .utf8)
            }
        }
    }

    /// At once, for an interrupted run; the servers end with their values.
    func abandon() async {
        await crew.killAll()
        for link in links.values { link.stop() }
    }

    private static func link(to broker: String) throws -> (LinkProxy, url: String) {
        guard var parts = URLComponents(string: broker), let port = parts.port.flatMap({ UInt16(exactly: $0) })
        else { throw TestFailure("the broker's URL has no port") }
        let link = try LinkProxy(to: port)
        parts.port = Int(link.port)
        guard let url = parts.string else { throw TestFailure("not a URL") }
        return (link, url)
    }

    /// What `branch add` makes for a branch: its broker user, and the link as the way to the broker.
    private static func kit(of office: TestOffice, _ directory: TemporaryDirectory) -> String {
        directory.file("kit-\(office.id)")
    }

    /// The sales go up, prices and transfer notes come down.
    /// - Parameters:
    ///   - route: the head says who gets a note.
    ///   - isSharing: all offices write those of ``SharedTable``.
    private static func tables(route: Bool, isSharing: Bool) -> String {
        let note = route ? #", "route": {"column": "branch_id"}"# : ""
        return """
            ["product_sales", {"name": "price", "direction": "down"},
            {"name": "transfer_note", "direction": "down"\(note)}\(isSharing ? ",\n" + SharedTable.rules : "")]
            """
    }

    private static func example(_ name: String, _ kind: DatabaseKind) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let file = root.appending(path: "examples/\(name).\(kind).sql").standardized
        return try String(contentsOf: file, encoding: .utf8)
    }
}
