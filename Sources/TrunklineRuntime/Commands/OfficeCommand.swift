public import ArgumentParser

/// A command of any of the executables: its errors are lines on stderr, its exit codes ``ExitStatus``.
public protocol OfficeCommand: AsyncParsableCommand {
    var options: OfficeOptions { get }

    func execute() async throws
}

extension OfficeCommand {
    /// Does not return: see ``ProcessEnd``.
    public func run() async throws {
        ProcessEnd.leave(with: await status())
    }

    private func status() async -> Int32 {
        do {
            try await execute()
            return ExitStatus.success.rawValue
        } catch let error as ExitCode {
            return error.rawValue
        } catch {
            StandardError.write(ErrorLines.text(of: error, program: ErrorLines.program))
            return ExitStatus(error).rawValue
        }
    }
}
