import ArgumentParser
import Foundation
import TrunklineRuntime

/// A file that holds a password and nothing else.
struct PasswordFile: ExpressibleByArgument {
    /// RabbitMQ takes more; nobody's generator makes them.
    static let maximalBytes = 1024

    let path: String

    init(argument: String) { path = argument }

    /// The password, without the end of its line.
    func read() throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(.configuration, "--password-file: \(path) cannot be read")
        }
        guard data.count <= Self.maximalBytes, let text = String(validating: data, as: UTF8.self) else {
            throw CommandFailure(
                .configuration, "--password-file: \(path) is longer than \(Self.maximalBytes) bytes, or no UTF-8 text")
        }
        let password = text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard !password.isEmpty, !password.contains(where: \.isNewline) else {
            throw CommandFailure(.configuration, "--password-file: \(path) must hold one line, the password")
        }
        return password
    }
}
