import Foundation
import TrunklineTesting

/// A psql session that keeps a transaction open until it is told to commit.
final class OpenTransaction {
    private let process = Process()
    private let input = Pipe()

    init(_ url: String, _ sql: String) throws {
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["psql", "-XAtq", "--set=ON_ERROR_STOP=1", url]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data("begin; \(sql); select 'ready';\n".utf8))
        var seen = ""
        while !seen.contains("ready") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { throw TestFailure("psql ended early") }
            seen += String(decoding: data, as: UTF8.self)
        }
    }

    func commit(after sql: String = "") throws { try end(sql.isEmpty ? "commit" : "\(sql); commit") }

    func rollBack() throws { try end("rollback") }

    private func end(_ sql: String) throws {
        // Told to quit: another process that was started meanwhile may have the pipe open too, and then its end never comes.
        try input.fileHandleForWriting.write(contentsOf: Data("\(sql);\n\\q\n".utf8))
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    deinit { if process.isRunning { process.terminate() } }
}
