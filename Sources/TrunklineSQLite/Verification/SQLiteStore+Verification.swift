public import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func requestVerification(_ request: VerificationRequest) async throws(StoreError) {
        try await write("requestVerification", request.stream.description) { db in
            try VerificationRecord.request(request, db)
        }
    }

    public func verificationResults(_ id: UUID) async throws(StoreError) -> [VerificationResult] {
        try await read("verificationResults", id.uuidString) { db in try VerificationRecord.results(id, db) }
    }

    /// The write lock is held only while the batches are cut; a second connection fixes its snapshot
    /// meanwhile, and digests it at leisure while the till goes on. Until then the batch that will carry the
    /// digests is `preparing`: it has its number, and is not sent.
    public func isVerificationDue(of stream: StreamID) async throws(StoreError) -> Bool {
        try await read("formVerification", stream.description) { db in
            try VerificationBatch.abandoned(stream, db) != nil
                || VerificationRecord.wanted(stream, db) != nil && !VerificationBatch.isLoading(stream, db)
        }
    }

    public func formVerification(of stream: StreamID) async throws(StoreError) -> Bool {
        let (wanted, abandoned) = try await read("formVerification", stream.description) { db in
            (try VerificationRecord.wanted(stream, db), try VerificationBatch.abandoned(stream, db))
        }
        if let abandoned {
            try await write("formVerification", stream.description) { db in
                try VerificationBatch.void(abandoned, stream, db)
            }
        }
        let isWanted = try await read("formVerification", stream.description) { db in
            try wanted != nil && !VerificationBatch.isLoading(stream, db)
        }
        guard isWanted else { return abandoned != nil }
        let snapshot: DatabaseQueue
        do {
            snapshot = try DatabaseConnections.snapshotQueue(location, onOpen)
        } catch {
            throw StoreError(error, operation: "formVerification", subject: stream.description)
        }
        defer { try? snapshot.close() }
        let formed = try await write("formVerification", stream.description) { db in
            try VerificationBatch.reserve(stream, db) {
                try snapshot.inDatabase { other in
                    try other.execute(sql: "BEGIN DEFERRED")
                    _ = try Int.fetchOne(other, sql: "SELECT count(*) FROM sqlite_master")
                }
            }
        }
        guard let (request, number) = formed else { return false }
        do {
            let claim = try await snapshot.writeWithoutTransaction { other in
                defer { try? other.execute(sql: "ROLLBACK") }
                return try VerificationBatch.claim(request, other)
            }
            try await write("formVerification", stream.description) { db in
                try VerificationBatch.finish(number, stream, claim, db)
            }
            return true
        } catch {
            try await write("formVerification", stream.description) { db in
                try VerificationBatch.void(number, stream, db)
            }
            throw StoreError(error, operation: "formVerification", subject: stream.description)
        }
    }
}
