import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline status`
struct StatusCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what is pending, in flight, acked and set aside, in both directions, and what needs somebody.",
        discussion: """
            Asks this office's database only; needs no broker. At a branch a line a stream, of what it sends and of what the \
            head sends to it. At the head a line a branch: PENDING and BEHIND SINCE say what the branch has not acked of what \
            is for it, STORED and WATERMARK what the head has of the branch; --branch shows the streams of some in full, \
            --problems only the branches that need somebody, and why.

            Below it says what deserves a look: which service fails, since when and why; which has not run here; which \
            branch was added and has not been heard of; which of the tables that this office writes nobody captures. \
            ACKED counts rows and deletes that the receiver has committed, the set-aside ones among them, at both ends.

            Examples:
              trunkline status
              trunkline status --watch
              trunkline status --branch east      (at the head)
              trunkline status --problems         (at the head)
              trunkline status --services --json
              trunkline status --json | jq '.[].pending'

            Exit codes: 0 shown (also when a stream is stopped), 64 usage, 69 database unavailable, 78 configuration.
            """)

    @Option(
        help: ArgumentHelp(
            "At the head: the streams of this branch in full; may be given several times.", valueName: "id"),
        transform: NameArgument.office)
    var branch: [OfficeID] = []

    @Flag(help: "At the head: only the branches that need somebody, as stopped, held, set aside, silent, suspended.")
    var problems = false

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON list, one object a stream; with --services one a service and machine.")
    var json = false

    @Flag(help: "Show what the services of this office say of themselves, instead of the streams.")
    var services = false

    @Flag(help: "Show it anew every second, until Ctrl-C.")
    var watch = false

    func validate() throws {
        if problems, !branch.isEmpty { throw ValidationError("--problems or --branch; not both") }
        if services, problems || !branch.isEmpty {
            throw ValidationError("--services is about this office; leave --branch and --problems out")
        }
        if watch, json { throw ValidationError("--watch is for people; leave --json out") }
    }

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements(
                "status \(problems ? "--problems" : "--branch")", role: problems || !branch.isEmpty ? .head : nil))
        let store = try OfficeAssembly(settings).store()
        for id in Set(branch) { try await KnownBranch.check(id, in: store) }
        guard watch else {
            let text = try await text(settings, store)
            await store.close()
            return print(text, terminator: "")
        }
        guard Terminal.isScreen else {
            throw CommandFailure(.usage, "--watch draws on a terminal, and stdout is none; leave it out")
        }
        while true {
            Terminal.redraw(try await text(settings, store))
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func text(_ settings: Settings, _ store: any OfficeStore) async throws -> String {
        if services {
            let notes = try await store.serviceNotes()
            return json ? try JSONOutput.text(notes) + "\n" : ServicesReport(notes: notes).text
        }
        try await store.requireOwner(settings.office.id)
        let role = settings.office.role
        let wanted = Set(branch)
        let streams = try await store.status().sorted { $0.stream.description < $1.stream.description }
            .filter { wanted.isEmpty || wanted.contains($0.stream.branch) }
        let branches = try await role == .head ? store.branches() : []
        if json { return try JSONOutput.text(problems ? troubled(streams, branches) : streams) + "\n" }
        let (uncaptured, refusals) = try await captureGaps(settings, store)
        let notes = try await store.serviceNotes()
        if role == .head, wanted.isEmpty {
            let office = OfficeRemarks(
                office: settings.office, notes: notes, uncaptured: uncaptured, refusals: refusals,
                standing: OfficeRemarks.standing(in: streams, at: role),
                isTwoWay: OfficeRemarks.isTwoWay(streams, settings.tables, at: settings.office.role),
                waitingConflicts: try await store.waitingConflicts())
            return BranchesReport(office: office, streams: streams, branches: branches, onlyProblems: problems).text
        }
        return StatusReport(
            office: settings.office, streams: streams, notes: notes,
            branches: branches.filter { wanted.isEmpty || wanted.contains($0.id) }, uncaptured: uncaptured,
            refusals: refusals, tables: settings.tables
        ).text
    }

    /// The streams of the branches that need somebody.
    private func troubled(_ streams: [StreamStatus], _ branches: [Branch]) -> [StreamStatus] {
        let states = BranchState.all(branches: branches, streams: streams)
        let troubled = Set(states.filter(\.needsSomebody).map(\.id))
        return streams.filter { troubled.contains($0.stream.branch) }
    }

    /// Tables of the configuration that `init` has not seen, as one that was made later where `tables` is `all`, and why
    /// it would refuse some.
    private func captureGaps(
        _ settings: Settings, _ store: any OfficeStore
    ) async throws -> (uncaptured: [TableName], refusals: [String]) {
        let written = settings.tables.written(by: settings.office.role)
        guard written != .listed([]) else { return ([], []) }
        let plan = try await store.planInitialisation(written, countingRows: false)
        guard !plan.createsBookkeeping else { return ([], []) }
        return (plan.tables.filter(\.isNew).map(\.name), plan.refusals)
    }
}
