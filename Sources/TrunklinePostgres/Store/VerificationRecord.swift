internal import FoundationEssentials
internal import TrunklineCore

/// The results of verifications, as this office knows them.
struct VerificationRecord {
    private let connection: PostgresConnection

    init(_ connection: PostgresConnection) { self.connection = connection }

    /// Keeps a result unless a later round's is there; an earlier one's is completed by it.
    func keep(_ result: VerificationResult) throws(StoreError) {
        let whole = result.completed(from: try results(result.id).first { $0.stream == result.stream })
        try connection.query(
            SenderStatements.keepResult,
            [whole.id.uuidString, whole.stream.description, "\(whole.round)", JSONText.encode(whole).asciiEscaped])
    }

    func results(_ id: UUID) throws(StoreError) -> [VerificationResult] {
        let found = try connection.query(InspectionStatements.results, [id.uuidString])
        return try (0..<found.rowCount).map { (row) throws(StoreError) in
            try JSONText.decode(VerificationResult.self, found.text(row, 0), "verification result")
        }
    }
}
