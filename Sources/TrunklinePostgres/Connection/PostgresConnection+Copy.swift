internal import CLibPQ
internal import TrunklineCore

extension PostgresConnection {
    /// Streams the rows of `COPY … TO STDOUT`, one line with its newline at a time.
    ///
    /// - Parameter take: returns false to stop early; the statement is then cancelled, which
    ///   aborts the transaction.
    /// - Returns: whether all rows were taken.
    func copyOut(
        _ sql: String, _ operation: String, _ take: (UnsafeBufferPointer<UInt8>) -> Bool
    ) throws(StoreError) -> Bool {
        try check(PostgresResult(PQexec(pointer, sql)), operation)
        var whole = true
        var buffer: UnsafeMutablePointer<CChar>?
        while true {
            // «PQgetCopyData … returns the data row's length; -1 indicates that the COPY is done; -2 an
            // error» (libpq documentation, 34.10.2). The buffer is freed with PQfreemem.
            let length = PQgetCopyData(pointer, &buffer, 0)
            guard length >= 0, let line = buffer else { break }
            if whole {
                let more = line.withMemoryRebound(to: UInt8.self, capacity: Int(length)) {
                    take(UnsafeBufferPointer(start: $0, count: Int(length)))
                }
                if !more {
                    whole = false
                    cancel()
                }
            }
            PQfreemem(buffer)
        }
        try finish(operation, tolerating: whole ? nil : "57014")
        return whole
    }

    /// libpq keeps a buffer of the largest piece that it was given, for as long as the connection lasts.
    private static let copyPiece = 256 << 10

    /// Feeds lines to `COPY … FROM STDIN`.
    /// - Parameter send: calls its argument with each piece of the data.
    @discardableResult
    func copyIn(
        _ sql: String, _ operation: String, _ send: ((UnsafeRawBufferPointer) -> Void) -> Void
    ) throws(StoreError) -> Int {
        try check(PostgresResult(PQexec(pointer, sql)), operation)
        var sent = true
        send { bytes in
            var rest = bytes[...]
            while sent, !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.copyPiece))
                rest = rest.dropFirst(Self.copyPiece)
                sent =
                    PQputCopyData(
                        pointer, piece.baseAddress!.assumingMemoryBound(to: CChar.self), Int32(piece.count)) == 1
            }
        }
        if !sent || PQputCopyEnd(pointer, nil) != 1 {
            throw StoreError(
                .unreachable, operation: operation, subject: "PostgreSQL",
                reason: PostgresConnection.text(PQerrorMessage(pointer)))
        }
        return try finish(operation, tolerating: nil)
    }

    /// Reads the results that follow a COPY; throws the first error.
    /// - Returns: the rows that were copied.
    @discardableResult
    private func finish(_ operation: String, tolerating state: String?) throws(StoreError) -> Int {
        var failure: StoreError?
        var rows = 0
        while let next = PQgetResult(pointer) {
            let result = PostgresResult(next)
            rows += result.affectedRows
            do { try check(result, operation) } catch { failure = failure ?? error }
        }
        if let failure, state == nil || failure.databaseCode != state { throw failure }
        return rows
    }

    private func cancel() {
        let handle = PQgetCancel(pointer)
        var message = [CChar](repeating: 0, count: 256)
        PQcancel(handle, &message, 256)
        PQfreeCancel(handle)
    }
}
