/// An executable that runs one service until SIGTERM.
public protocol ServiceCommand: OfficeCommand {
    static var service: OfficeService { get }
}

extension ServiceCommand {
    public static var _errorLabel: String { ErrorLines.program }

    public func execute() async throws {
        let service = Self.service
        let settings = try await options.settings(for: service.requirements)
        try await OfficeAssembly(settings).run([service], as: service.name)
    }
}
