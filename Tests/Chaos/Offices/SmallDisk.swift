import Foundation
import TrunklineTesting

/// A file system of a few megabytes for one branch's database, which can be filled to the last byte.
///
/// A tmpfs: the till and the services get a real ENOSPC from the kernel, in whichever write comes first, as on a full
/// disk. Limits of a process (RLIMIT_FSIZE) or quotas would not meet the till and the services alike.
final class SmallDisk: Sendable {
    private let path: String
    private var ballast: String { "\(path)/ballast" }

    /// Mounts it over a directory.
    /// - Returns: nil where that is not allowed, as to a user other than root.
    init?(over directory: TemporaryDirectory, megabytes: Int) {
        path = directory.path
        let options = "size=\(megabytes)m,mode=711"
        guard (try? Command.run("mount", ["-t", "tmpfs", "-o", options, "trunkline-chaos", path])) != nil
        else { return nil }
    }

    deinit { _ = try? Command.run("umount", ["--lazy", path]) }

    /// Leaves no byte free.
    func fill() throws {
        let file = open(ballast, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard file >= 0 else { throw TestFailure("\(ballast): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        for size in [1 << 20, 4_096, 1] {
            let block = [UInt8](repeating: 0, count: size)
            while write(file, block, size) == size {}
        }
    }

    func free() throws { try FileManager.default.removeItem(atPath: ballast) }
}
