import ArgumentParser
import FoundationEssentials
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline verify`
struct VerifyCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare branch and head, table by table, and name the keys that differ.",
        discussion: """
            Row counts and a digest of all rows travel over the broker, and are compared at the same watermark, \
            so writing may go on. At a branch this office is compared with the head, and the branch's services \
            run in this process meanwhile. At the head every branch is asked, whose services must be running; \
            so must the head's own, or add --run-services.

            Examples:
              trunkline verify
              trunkline verify --branch east --branch west --timeout 2m      (at the head)

            Exit codes: 0 all agree, 1 no answer in time (from the branches that are named), 2 some differ or \
            a table stands still, \
            69 database or broker unavailable, 78 configuration, 130 interrupted.
            """)

    @Option(
        help: ArgumentHelp("At the head: only this branch; may be given several times.", valueName: "id"),
        transform: NameArgument.office)
    var branch: [OfficeID] = []

    @Option(help: ArgumentHelp("How long to wait for the answers.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(300))

    @Flag(
        inversion: .prefixedNo,
        help: "Run this office's services meanwhile (default: at a branch yes, at the head no).")
    var runServices: Bool?

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("verify --branch", broker: .always, role: branch.isEmpty ? nil : .head))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        let role = settings.office.role
        let question = VerificationQuestion(office: office, store: store)
        let branches = try await question.branches(branch)
        try await office.checkBroker(for: "verify")
        let runs = runServices ?? (role == .branch)
        let services = try CompanionServices(runs ? OfficeService.all(at: role) : [], of: office)
        let answers = try await services.run { [timeout = timeout.duration] in
            try await question.ask(branches, timeout: timeout, troubles: services.troubles)
        }
        let incomplete = try await store.status().flatMap(\.incomplete)
        await store.close()
        for table in incomplete {
            StandardError.write("trunkline: a table stands still, and was not compared: \(table.reason)\n")
        }
        let report = VerificationReport(at: settings.office, answers: answers)
        print(json ? try JSONOutput.text(report.summary) : report.text)
        switch report.verdict {
        case .agree: if !incomplete.isEmpty { throw ExitStatus.differs.code }
        case .differ: throw ExitStatus.differs.code
        case .unanswered:
            throw CommandFailure(
                .incomplete, report.unansweredText(timeout: timeout.duration, services.troubles.latest))
        }
    }
}
