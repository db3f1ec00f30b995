public import ArgumentParser

/// A command of any of the executables: its errors are lines on stderr, its exit codes ``ExitStatus``.
public protocol OfficeCommand: AsyncParsableCommand {
    var options: OfficeOptions { get }

    func execute() async throws
}

extension OfficeCommand {
    public func run() async throws {
        do {
            try await execute()
        } catch let error as ExitCode {
            throw error
        } catch {
            StandardError.write(ErrorLines.text(of: error, program: ErrorLines.program))
            throw ExitStatus(error).code
        }
    }
}
