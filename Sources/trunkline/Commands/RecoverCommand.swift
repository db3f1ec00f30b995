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
            Run it at the branch. Without an option it shows what differs, and sends nothing. Then decide:

            --keep-branch: the branch's state wins. Each row of the head that is replaced or dropped is kept whole \
            in superseded_row at the head.
            --keep-head: the head's rows stay as they are. Rows of the branch that have the same keys are moved to \
            superseded_row at the branch, with all rows that refer to them; what only the branch has is sent; identity \
            columns go on above the highest key that the head knows.
            --keep-head --new-keys: the same, but rows that were inserted under keys of the head's (the branch sold \
            again under used keys) stay at the branch under new keys, and are sent. Not in tables whose keys the \
            database does not hand out, or to which other tables refer.

            A head that was restored needs no decision: its branches send again what it lost.

            Examples:
              trunkline recover
              trunkline recover --keep-head --timeout 10m
              trunkline recover --keep-head --new-keys

            Exit codes: 0 both sides agree, 1 no answer in time, 2 they differ, 64 usage, 69 database or broker \
            unavailable, 78 configuration or nothing to recover, 130 interrupted.
            """)

    @Flag(help: "The branch's state wins.")
    var keepBranch = false

    @Flag(help: "The head's rows stay as they are.")
    var keepHead = false

    @Flag(help: "With --keep-head: rows that the branch inserted under the head's keys are sent under new ones.")
    var newKeys = false

    @Option(help: ArgumentHelp("How long to wait for the head.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(600))

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        if keepBranch && keepHead { throw ValidationError("Decide for one: --keep-branch or --keep-head.") }
        if newKeys && !keepHead { throw ValidationError("--new-keys goes with --keep-head only.") }
    }

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("recover", broker: .always, role: .branch))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        try await office.checkBroker(for: "recover")
        let mode: RecoveryMode = keepBranch ? .keepBranch : keepHead ? .keepHead : .compare
        let watch = RecoveryWatch(store: store, stream: office.upstream, timeout: timeout.duration)
        try await watch.begin(mode, newKeys: newKeys)
        let services = try CompanionServices(OfficeService.all(at: .branch), of: office)
        let proof = VerificationQuestion(office: office, store: store)
        let answers = try await services.run { [branch = settings.office.id, timeout = timeout.duration] in
            if mode == .compare { return try await watch.comparison(troubles: services.troubles) }
            guard try await watch.end(troubles: services.troubles) else {
                return VerificationAnswers(branches: [branch])
            }
            return try await proof.ask([branch], timeout: timeout, troubles: services.troubles)
        }
        let recovery = try await store.status().first { $0.stream == office.upstream }?.lastRecovery
        await store.close()
        let report = VerificationReport(at: settings.office, answers: answers)
        if json {
            print(try JSONOutput.text(RecoverySummary(verification: report.summary, recovery: recovery)))
        } else {
            for line in recovery?.lines ?? [] { print(SafeText.oneLine(line)) }
            print(report.text)
        }
        switch report.verdict {
        case .agree where mode == .compare:
            if !json { print("Nothing differs; end the recovery with: trunkline recover --keep-branch") }
        case .agree, .incomplete: return
        case .differ:
            if mode == .compare, !json {
                print("Decide with: trunkline recover --keep-branch, or trunkline recover --keep-head")
            } else if !json {
                print("They still differ; see why with: trunkline rows TABLE --state set-aside")
            }
            throw ExitStatus.differs.code
        case .unanswered:
            throw CommandFailure(
                .incomplete, report.unansweredText(timeout: timeout.duration, services.troubles.latest))
        }
    }
}
