import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline conflicts`
struct ConflictsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts", abstract: "Show conflicts over shared tables, and decide over them, at the head.",
        subcommands: [ConflictsListCommand.self, ConflictsShowCommand.self, ConflictsResolveCommand.self],
        defaultSubcommand: ConflictsListCommand.self)
}

/// `trunkline conflicts list`
struct ConflictsListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List conflicts, the newest first.",
        discussion: """
            A conflict is there where two offices changed a row without knowing of each other, and something of one of \
            the two images is not in the row now, or somebody has to decide. It is kept for \(ConflictRecord.retentionDays) \
            days, and while it waits for somebody. A row that cannot be stored at all (a unique index, a foreign key) is \
            set aside: trunkline rows TABLE --state set-aside.

            Examples:
              trunkline conflicts
              trunkline conflicts list --waiting
              trunkline conflicts list --table customer --branch east --json

            Exit codes: 0 listed, 69 database unavailable, 78 configuration.
            """)

    @Flag(help: "Only those that wait for somebody to decide.")
    var waiting = false

    @Option(help: "Only of this table.", transform: NameArgument.table)
    var table: TableName?

    @Option(help: ArgumentHelp("Only with this branch.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID?

    @Option(help: "The most to list.")
    var limit = 100

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON list.")
    var json = false

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    }

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("conflicts", role: .head))
        let store = try OfficeAssembly(settings).store()
        let records = try await store.conflicts(
            matching: ConflictFilter(isWaiting: waiting, table: table, branch: branch, limit: limit))
        await store.close()
        print(json ? try JSONOutput.text(records) : ConflictsReport(records: records, limit: limit).text)
    }
}

/// `trunkline conflicts show`
struct ConflictsShowCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one conflict: both images, what they were made of, and who was when.",
        discussion: """
            Examples:
              trunkline conflicts show 17
              trunkline conflicts show 17 --json

            Exit codes: 0 shown, 69 database unavailable, 78 configuration or no such conflict.
            """)

    @Argument(help: "Its number.")
    var id: Int64

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("conflicts show", role: .head))
        let store = try OfficeAssembly(settings).store()
        let record = try await store.conflict(id)
        await store.close()
        guard let record else {
            throw CommandFailure(.configuration, "there is no conflict \(id); list them: trunkline conflicts")
        }
        print(json ? try JSONOutput.text(record) : ConflictReport(record: record).text, terminator: json ? "\n" : "")
    }
}

/// `trunkline conflicts resolve`
struct ConflictsResolveCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Decide over a conflict.",
        discussion: """
            What comes of it is a change of the head's like any other, and travels to all branches that the row is for. \
            One that a policy decided may be decided otherwise too, once.

            Examples:
              trunkline conflicts resolve 17 --pick head           the head's row stays as it is
              trunkline conflicts resolve 17 --pick branch         the branch's takes its place
              trunkline conflicts resolve 17 --set email=ada@x.org --set phone=

            Exit codes: 0 done, 64 usage, 69 database unavailable, 78 configuration, no such conflict, or the row was \
            changed since.
            """)

    enum Pick: String, ExpressibleByArgument, CaseIterable { case head, branch }

    @Argument(help: "Its number.")
    var id: Int64

    @Option(help: "Whose row stands.")
    var pick: Pick?

    @Option(
        help: ArgumentHelp(
            "A value of the head's row, column=value; may be given several times. With nothing behind = it is empty, with "
                + "nothing at all (column) it is NULL.", valueName: "column=value"))
    var set: [String] = []

    @Flag(help: "Even if the row was changed since.")
    var anyway = false

    @OptionGroup var options: OfficeOptions

    func validate() throws {
        guard pick != nil || !set.isEmpty else { throw ValidationError("Give --pick, or --set.") }
        guard pick == nil || set.isEmpty else { throw ValidationError("Give --pick or --set, not both.") }
        guard !set.contains(where: { $0.isEmpty || $0.hasPrefix("=") }) else {
            throw ValidationError("--set takes column=value.")
        }
    }

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("conflicts resolve", role: .head))
        let store = try OfficeAssembly(settings).store()
        try await store.resolve(id, choice, anyway: anyway)
        await store.close()
        print("conflict \(id) is resolved: \(choice.description)")
    }

    private var choice: ConflictChoice {
        switch pick {
        case .head?: return .head
        case .branch?: return .branch
        case nil:
            var values: [String: String?] = [:]
            for assignment in set {
                let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                values[String(parts[0])] = .some(parts.count == 2 ? String(parts[1]) : nil)
            }
            return .set(values)
        }
    }
}
