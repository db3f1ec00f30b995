import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline recover`
struct RecoverCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Bring a stream together again that stopped because a database was restored.",
        discussion: """
            Run it where the stream comes from: at a branch, of what it sends to the head; at the head with --branch ID, of \
            what the head sends to that branch. trunkline status says which. Without an option it shows what differs, and \
            sends nothing. Then decide:

            --keep-branch: the branch's state wins. --keep-head: the head's state wins.

            Where the state of the sending office wins (--keep-branch at a branch, --keep-head at the head), each row of the \
            other one that is replaced or dropped is kept whole in superseded_row there. Where the rows of the other one \
            win, these stay as they are: rows of the sending office that have the same keys are moved to superseded_row at \
            the sending office, with all rows that refer to them; what only the sending office has is sent; identity columns \
            go on above the highest key that the other one knows. With --keep-head at a branch the head's rows come back \
            to it; what its tables do not take is named, and stays at the head.

            --new-keys, where the rows of the other one win: rows that were inserted under keys of the other one's (the \
            branch sold again under used keys) stay under new keys, and are sent. Not in tables whose keys the database does \
            not hand out, or to which other tables refer.

            The receiver that was restored needs no decision: it is sent again what it lost.

            Examples:
              trunkline recover
              trunkline recover --keep-head --timeout 10m
              trunkline recover --keep-head --new-keys
              trunkline recover --branch east --keep-head      (at the head)

            Exit codes: 0 both sides agree or have no table to compare, 1 no answer in time, or a table was not compared, 2 they differ, 64 usage, 69 database or broker \
            unavailable, 78 configuration or nothing to recover, 130 interrupted.
            """)

    @Flag(help: "The branch's state wins.")
    var keepBranch = false

    @Flag(help: "The head's state wins.")
    var keepHead = false

    @Flag(
        help: """
            With --keep-head at a branch, or --keep-branch at the head: rows that this office inserted under the other one's \
            keys are sent under new ones.
            """)
    var newKeys = false

    @Option(
        help: ArgumentHelp("At the head: the stream to this branch.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID?

    @Option(help: ArgumentHelp("How long to wait for the other office.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(600))

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        if keepBranch && keepHead { throw ValidationError("Decide for one: --keep-branch or --keep-head.") }
        if newKeys && !keepHead && !(keepBranch && branch != nil) {
            throw ValidationError("--new-keys goes with --keep-head only, or at the head with --keep-branch.")
        }
    }

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements(
                branch == nil ? "recover without --branch" : "recover --branch", broker: .always,
                role: branch == nil ? .branch : .head))
        let office = OfficeAssembly(settings)
        let role = settings.office.role
        let decision: Keeping? = keepBranch ? .branch : keepHead ? .head : nil
        let mode = decision?.mode(at: role) ?? .compare
        guard !newKeys || mode == .keepHead else {
            throw CommandFailure(.usage, "--new-keys goes with --keep-branch at the head: the head's rows get them")
        }
        let store = try office.store()
        let stream = branch.map { StreamID(from: .head, to: $0) } ?? office.upstream
        if let branch { try await check(branch, store) }
        try await office.checkBroker(for: "recover")
        let watch = RecoveryWatch(store: store, stream: stream, timeout: timeout.duration)
        try await watch.begin(mode, newKeys: newKeys)
        let services = try CompanionServices(OfficeService.all(at: role), of: office)
        let proof = VerificationQuestion(office: office, store: store)
        let answers = try await services.run { [timeout = timeout.duration] in
            if mode == .compare { return try await watch.comparison(troubles: services.troubles) }
            guard try await watch.end(troubles: services.troubles) else {
                return VerificationAnswers(streams: [stream])
            }
            var scope = VerificationScope()
            scope.streams = [stream]
            return try await proof.ask(scope, timeout: timeout, troubles: services.troubles)
        }
        let recovery = try await store.status().first { $0.stream == stream }?.lastRecovery
        await store.close()
        let report = VerificationReport(at: settings.office, answers: answers)
        if json {
            print(try JSONOutput.text(RecoverySummary(verification: report.summary, recovery: recovery)))
        } else {
            for line in recovery?.lines ?? [] { print(SafeText.oneLine(line)) }
            print(
                report.isOfNoTable
                    ? "\(stream): no table to compare; shared ones come together by their versions" : report.text)
        }
        switch report.verdict {
        case .incomplete where report.isOfNoTable:
            if mode == .compare, !json {
                print("End the recovery with: \(again) --keep-branch, or \(again) --keep-head")
            }
        case .agree where mode == .compare:
            if !json {
                let shares = settings.tables.rules?.contains { $0.direction == .shared } ?? false
                let others =
                    shares ? " in them (shared tables are not compared: they come together by their versions)" : ""
                print(
                    "Nothing differs\(others); end the recovery with: \(again) --\(role == .head ? "keep-head" : "keep-branch")"
                )
            }
        case .agree: return
        case .incomplete:
            if mode == .compare, !json { print("Decide with: \(again) --keep-branch, or \(again) --keep-head") }
            throw CommandFailure(.incomplete, "not everything was compared: see what is said above of the tables")
        case .differ:
            if mode == .compare, !json {
                print("Decide with: \(again) --keep-branch, or \(again) --keep-head")
            } else if !json {
                let place = branch.map { " --branch \($0)" } ?? ""
                print("They still differ; see why with: trunkline rows TABLE\(place) --state set-aside")
            }
            throw ExitStatus.differs.code
        case .stopped: throw CommandFailure(.stopped, report.stoppedText)
        case .unanswered:
            throw CommandFailure(
                .incomplete, report.unansweredText(timeout: timeout.duration, services.troubles.latest))
        }
    }

    private var again: String { "trunkline recover" + (branch.map { " --branch \($0)" } ?? "") }

    private func check(_ branch: OfficeID, _ store: any OfficeStore) async throws {
        try await KnownBranch.check(branch, in: store)
        guard try await store.outboundStreams().contains(StreamID(from: .head, to: branch)) else {
            throw CommandFailure(
                .configuration,
                "this head sends nothing to \(branch); what \(branch) sends is recovered there, with: trunkline recover"
            )
        }
    }
}
