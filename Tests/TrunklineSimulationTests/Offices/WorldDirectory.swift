import Foundation

/// A directory in memory (`/dev/shm`, where there is one), removed when the value is released.
///
/// Files in memory rather than SQLite's own in-memory databases: those have no write-ahead log, and locks of their
/// own, so several connections would not meet as they do at an office.
final class WorldDirectory: Sendable {
    private let path: String

    init() throws {
        let memory = "/dev/shm"
        let isThere = FileManager.default.isWritableFile(atPath: memory)
        let parent = isThere ? memory : FileManager.default.temporaryDirectory.path
        var template = Array("\(parent)/trunkline-world-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}
