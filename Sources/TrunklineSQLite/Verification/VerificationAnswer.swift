internal import GRDB
internal import TrunklineCore

/// The receiver's answer to a claim, in the transaction that stored its batch.
struct VerificationAnswer {
    let db: Database

    func answer(_ claim: VerificationClaim, _ header: BatchHeader) throws -> VerificationResult {
        VerificationResult(
            id: claim.id, round: claim.round, stream: header.stream, watermark: header.number,
            tables: try claim.tables.map { try answer($0, header) })
    }

    private func answer(_ claim: TableClaim, _ batch: BatchHeader) throws -> TableResult {
        let stream = batch.stream
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
            let kept = KeptRows(stream: stream, db: db)
            var digester = claim.digester(leavingOut: try kept.keys(of: claim.name))
            try TableScan.digest(
                claim.name.inSQLite, columns: claim.columns, branch: stream.destination == .head ? stream.source : nil,
                into: &digester, db)
            guard let recovery = batch.recovery else { return claim.compare(with: digester) }
            var result = claim.compare(with: digester, listing: TableResult.maximalRecoveryKeys)
            result.highestKey = try highestKey(claim, stream)
            if recovery == .keepHead { try kept.keep(result) }
            return result
        }
    }

    /// Of the rows that are stored, and of those that are set aside.
    private func highestKey(_ claim: TableClaim, _ stream: StreamID) throws -> Int64? {
        guard claim.key.count == 1, let type = claim.columns.first(where: { $0.name == claim.key[0] })?.type,
            ["smallint", "integer", "bigint"].contains(type)
        else { return nil }
        let isHead = stream.destination == .head
        let column = TableName.quoted(claim.key[0])
        let stored = try Int64.fetchOne(
            db,
            sql: """
                SELECT max(\(column)) FROM \(TableName.quoted(claim.name.inSQLite))
                WHERE typeof(\(column)) = 'integer'\(isHead ? " AND branch_id = ?" : "")
                """, arguments: isHead ? [stream.source.description] : [])
        let setAside = try Int64.fetchOne(
            db,
            sql: """
                SELECT max(CAST(json_extract(key, '$[0]') AS INTEGER)) FROM trunkline_set_aside
                WHERE stream = ? AND table_name = ? AND length(key) <= 22
                """, arguments: [stream.description, claim.name.description])
        return [stored, setAside].compactMap { $0 }.max()
    }
}
