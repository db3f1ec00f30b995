internal import GRDB
internal import TrunklineCore

/// The receiver's answer to a claim, in the transaction that stored its batch.
struct VerificationAnswer {
    let db: Database

    func answer(_ claim: VerificationClaim, _ header: BatchHeader) throws -> VerificationResult {
        VerificationResult(
            id: claim.id, round: claim.round, stream: header.stream, watermark: header.number,
            tables: try claim.tables.map { try answer($0, header.stream) })
    }

    private func answer(_ claim: TableClaim, _ stream: StreamID) throws -> TableResult {
        func uncompared(_ problem: String?) -> TableResult {
            TableResult(
                name: claim.name, rowsAtSender: claim.rows, rowsAtReceiver: 0, differingBuckets: [],
                bucketCount: claim.bucketCount, problem: problem)
        }
        guard claim.isWellFormed else { return uncompared("the question is malformed") }
        let header = TableHeader(
            name: claim.name, key: claim.key, columns: claim.columns, rows: 0, rowBytes: 0, deletes: 0, deleteBytes: 0,
            allNew: false)
        switch try Target.find(header, stream: stream, db) {
        case .missing: return uncompared(claim.rows == 0 ? nil : "there is no such table at \(stream.destination)")
        case .unfit(let reason): return uncompared(reason)
        case .found:
            var digester = claim.digester()
            try TableScan.digest(
                claim.name.inSQLite, columns: claim.columns, branch: stream.destination == .head ? stream.source : nil,
                into: &digester, db)
            return claim.compare(with: digester)
        }
    }
}
