internal import Foundation
internal import TrunklineCore

extension SQLiteStore {
    /// Puts on the disk what was committed without waiting for it, while nobody is locked out.
    ///
    /// All commits before this call are in the write-ahead log or, by a checkpoint, which syncs both, in the database.
    /// SQLite locks neither by a descriptor of the log, so one of our own does no harm when it is closed.
    func flush(_ operation: String) async throws(StoreError) {
        let descriptor = open(location.path + "-wal", O_RDONLY | O_CLOEXEC)
        // Without a write-ahead log each commit is on the disk when it returns.
        guard descriptor >= 0 else { return }
        defer { Foundation.close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw StoreError(
                .full, operation: operation, subject: location.path,
                reason: "its write-ahead log could not be put on the disk: \(String(cString: strerror(errno)))")
        }
    }
}
