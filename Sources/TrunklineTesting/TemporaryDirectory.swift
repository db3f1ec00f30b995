import Foundation

/// A directory that is removed, with all that is in it, when the value is released.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/trunkline-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(String(cString: strerror(errno)))") }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        // A PostgreSQL server of another user passes through on the way to its data.
        chmod(path, 0o711)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file or directory in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }
}
