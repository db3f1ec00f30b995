import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

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

            Exit codes: 0 listed, 69 database unavailable, 78 configuration, no such branch, or a table that is not shared.
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
            matching: ConflictFilter(
                isWaiting: waiting, table: table, branch: branch, limit: limit, withImages: json))
        if records.isEmpty { try await KnownSubjects(settings, store).check(table, branch) }
        await store.close()
        if json, records.count >= limit { StandardError.write("there may be more than \(limit), see --limit\n") }
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
        let since =
            if let record, record.resolvedAt == nil, !json { try await store.changeSince(record.conflict) } else {
                nil as ChangeSinceConflict?
            }
        await store.close()
        guard let record else {
            throw CommandFailure(.configuration, "there is no conflict \(id); list them: trunkline conflicts")
        }
        print(
            json ? try JSONOutput.text(record) : ConflictReport(record: record, since: since).text,
            terminator: json ? "\n" : "")
    }
}

/// `trunkline conflicts resolve`
struct ConflictsResolveCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Decide over conflicts.",
        discussion: """
            What comes of it is a change of the head's like any other, and travels to all branches that the row is for. \
            One that a policy decided may be decided otherwise too, once. --pick head leaves the row as it is where the \
            head's stands or the conflict waits; where the branch's stands it brings the head's back.

            Examples:
              trunkline conflicts resolve 17 --pick head           the head's row stands
              trunkline conflicts resolve 17 18 --pick branch      the branch's takes its place
              trunkline conflicts resolve 17 --set email=ada@x.org --set phone=
              trunkline conflicts resolve --waiting --table customer --branch east --pick head

            Several are decided one by one: what cannot be is listed at the end, and the others are done.

            Exit codes: 0 done, 64 usage, 69 database unavailable, 78 configuration, no such conflict, one that was decided \
            over, or a row that was changed since.
            """)

    enum Pick: String, ExpressibleByArgument, CaseIterable { case head, branch }

    @Argument(help: "Their numbers.")
    var ids: [Int64] = []

    @Flag(help: "All that wait, the newest first.")
    var waiting = false

    @Option(help: "With --waiting: only of this table.", transform: NameArgument.table)
    var table: TableName?

    @Option(
        help: ArgumentHelp("With --waiting: only with this branch.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID?

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
        try Assignments.check(set)
        guard ids.isEmpty == waiting else {
            throw ValidationError(waiting ? "Give numbers or --waiting, not both." : "Give numbers, or --waiting.")
        }
        guard waiting || table == nil && branch == nil else {
            throw ValidationError("--table and --branch go with --waiting.")
        }
        guard !waiting || set.isEmpty else { throw ValidationError("--waiting takes --pick.") }
    }

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("conflicts resolve", role: .head))
        let store = try OfficeAssembly(settings).store()
        var failures: [String] = []
        var resolved = 0
        for (index, id) in ids.enumerated() where !ids[..<index].contains(id) {
            if let failure = try await failure(id, in: store) {
                failures.append(failure)
            } else {
                print("conflict \(id) is resolved: \(choice.description)")
            }
        }
        if waiting { try await KnownSubjects(settings, store).check(table, branch) }
        var filter = ConflictFilter(isWaiting: true, table: table, branch: branch, withImages: false)
        while waiting {
            let page = try await store.conflicts(matching: filter)
            for record in page {
                if let failure = try await failure(record.id, in: store) {
                    failures.append(failure)
                } else {
                    resolved += 1
                }
            }
            guard let last = page.last else { break }
            filter.before = last.id
        }
        await store.close()
        if waiting, resolved > 0 || failures.isEmpty {
            print("\(HumanNumber.counted(resolved, "conflict")) resolved: \(choice.description)")
        }
        guard failures.isEmpty else {
            let shown = failures.prefix(20) + (failures.count > 20 ? ["and \(failures.count - 20) more"] : [])
            for line in shown.dropLast() { StandardError.write("trunkline: \(SafeText.oneLine(line))\n") }
            throw CommandFailure(.configuration, shown.last!)
        }
    }

    /// Decides over one.
    /// - Returns: why that cannot be, where it is for this one alone.
    private func failure(_ id: Int64, in store: any OfficeStore) async throws -> String? {
        do {
            try await store.resolve(id, choice, anyway: anyway)
            return nil
        } catch {
            guard error.code == .configuration || error.code == .table else { throw error }
            return "\(error)"
        }
    }

    private var choice: ConflictChoice {
        switch pick {
        case .head?: return .head
        case .branch?: return .branch
        case nil:
            return .set(Assignments.values(set))
        }
    }
}

/// The tables and branches that conflicts can be over.
private struct KnownSubjects {
    private let settings: Settings
    private let store: any OfficeStore

    init(_ settings: Settings, _ store: any OfficeStore) {
        self.settings = settings
        self.store = store
    }

    /// - Throws: ``CommandFailure`` where there is no such one, of which nothing would ever be listed.
    func check(_ table: TableName?, _ branch: OfficeID?) async throws {
        if let branch, try await !store.branches().contains(where: { $0.id == branch }) {
            throw CommandFailure(.configuration, "there is no branch \(branch); list them: trunkline branch list")
        }
        guard let table, let rules = settings.tables.rules else { return }
        let shared = rules.filter { $0.direction == .shared }.map(\.name)
        guard !shared.contains(where: { $0.isSpelled(like: table) }) else { return }
        // Those over a table that was shared once are kept.
        let some = ConflictFilter(isWaiting: false, table: table, limit: 1, withImages: false)
        guard try await store.conflicts(matching: some).isEmpty else { return }
        let names = shared.isEmpty ? "none" : shared.map(\.description).joined(separator: ", ")
        throw CommandFailure(.configuration, "table \"\(table)\" is not shared here; shared are: \(names)")
    }
}
