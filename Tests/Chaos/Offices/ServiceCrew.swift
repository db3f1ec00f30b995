import Foundation
import TrunklineTesting

/// The services as processes: starts them, kills them, stops their time, and notices one that ended by itself.
actor ServiceCrew {
    typealias Environment = [String: String?]

    private let executables: URL
    private let logs: String
    private let environments: [String: Environment]
    private var processes: [ServiceName: ChildProcess] = [:]
    /// Services that ended without being killed, and how. Nothing may cause that.
    private(set) var deserters: [String] = []

    /// - Parameters:
    ///   - executables: the folder of the products.
    ///   - logs: the folder for what each service writes, one file a service.
    ///   - environments: of the services of each office.
    init(executables: URL, logs: String, environments: [String: Environment]) {
        self.executables = executables
        self.logs = logs
        self.environments = environments
    }

    func startAll() throws {
        for office in environments.keys { try start(ServiceName.all(at: office)) }
    }

    func start(_ names: [ServiceName]) throws {
        for name in names { try start(name) }
    }

    func start(_ name: ServiceName) throws {
        processes[name] = try ChildProcess(
            executables.appending(path: name.service).path, environment: environments[name.office] ?? [:],
            output: "\(logs)/\(name.office)-\(name.service).log")
    }

    /// SIGKILL, and waits until it is gone.
    func kill(_ name: ServiceName) async throws {
        noteDeserters()
        guard let process = processes.removeValue(forKey: name) else { return }
        process.send(SIGKILL)
        _ = try await process.waitForExit()
    }

    func pause(_ name: ServiceName) { processes[name]?.send(SIGSTOP) }

    func resume(_ name: ServiceName) { processes[name]?.send(SIGCONT) }

    /// Looks for services that ended by themselves.
    func noteDeserters() {
        for (name, process) in processes where process.hasExited {
            processes[name] = nil
            deserters.append("\(name): \(process.output.suffix(500))")
        }
    }

    /// SIGTERM to all; each must end by itself with code 0.
    func stopAll() async throws {
        noteDeserters()
        for process in processes.values { process.send(SIGTERM) }
        for (name, process) in processes {
            let exit = try await process.waitForExit(within: .seconds(40))
            if exit != .code(0) { deserters.append("\(name), told to stop: \(exit)") }
        }
        processes = [:]
    }

    /// At once, for an interrupted run.
    func killAll() {
        for process in processes.values { process.send(SIGKILL) }
        processes = [:]
    }
}
