import ArgumentParser
import TrunklineCore
import TrunklineHTTP
import TrunklineMonitoring
import TrunklineRuntime

/// `trunkline health`
struct HealthCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask the services on this machine how they are.",
        discussion: """
            Asks where monitoring.address says that they answer, and prints one line. Healthy means that rows arrive, \
            or would if there were a link: to have no internet is not unhealthy.

            Examples:
              trunkline health --config office.yaml
              trunkline health --ready http://127.0.0.1:9464

            Exit codes: 0 they are well, 1 they are not or do not answer, 64 usage, 78 configuration.
            """)

    @Flag(help: "Ask only whether the database is open and initialised.")
    var ready = false

    @Flag(help: "Ask only whether the services go round, and are not stuck.")
    var live = false

    @Argument(help: ArgumentHelp("Ask here, and read no configuration.", valueName: "url"))
    var url: String?

    @OptionGroup var options: OfficeOptions

    func validate() throws {
        if ready, live { throw ValidationError("--ready and --live are two questions; ask one") }
    }

    func execute() async throws {
        let question: HealthQuestion = ready ? .ready : live ? .live : .health
        let (base, office) = try await address()
        let report: HealthReport
        do {
            report = try await ask("\(base)/\(question.rawValue)")
        } catch {
            print(SafeText.oneLine("no answer from \(base): \(error)"))
            throw ExitStatus.incomplete.code
        }
        if let office, report.office != office.description {
            print(
                SafeText.oneLine(
                    "not \(question.word): \(base) answers for the office \(report.office), and this one is \(office)"))
            throw ExitStatus.incomplete.code
        }
        let problems = report.services.flatMap { service in service.problems.map { "\(service.service): \($0)" } }
        print(
            SafeText.oneLine(
                report.ok ? "\(question.word)" : "not \(question.word): \(problems.joined(separator: "; "))"))
        if !report.ok { throw ExitStatus.incomplete.code }
    }

    /// - Returns: with the office that is to answer there; nil: any, since no configuration was read.
    private func address() async throws -> (String, OfficeID?) {
        if let url { return (url.last == "/" ? String(url.dropLast()) : url, nil) }
        let settings = try await options.settings(for: SettingsRequirements("health"))
        guard let address = settings.monitoring.address else {
            throw CommandFailure(
                .configuration, "monitoring.address: is missing; set it, or name a URL such as http://127.0.0.1:9464")
        }
        return ("http://\(address.local)", settings.office.id)
    }

    private func ask(_ url: String) async throws -> HealthReport {
        var call = HTTPCall(url)
        (call.connectTimeout, call.timeout, call.mostBytes) = (.seconds(5), .seconds(5), 1 << 20)
        let answer = try await call.answer()
        guard let report = HealthReport(json: answer.body) else {
            throw CommandFailure(.incomplete, "HTTP \(answer.status), and no service of Trunkline")
        }
        return report
    }
}

extension HealthQuestion {
    fileprivate var word: String {
        switch self {
        case .live: "alive"
        case .ready: "ready"
        case .health: "healthy"
        }
    }
}
