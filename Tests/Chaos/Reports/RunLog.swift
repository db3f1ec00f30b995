import Foundation
import TrunklineTesting

/// What happened when, a line each, in seconds since the start.
final class RunLog: Sendable {
    private let file: FileHandle
    private let start: ContinuousClock.Instant

    init(file path: String, start: ContinuousClock.Instant) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw TestFailure("cannot write \(path)") }
        self.file = file
        self.start = start
    }

    func write(_ line: String) {
        let seconds = ((ContinuousClock.now - start) / .milliseconds(100)).rounded() / 10
        file.write(Data("\(seconds)  \(line)\n".utf8))
    }
}
