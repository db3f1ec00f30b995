import FoundationEssentials
internal import TrunklineCore

extension RowWriter {
    /// Every line on its own merits. Lines that failed are tried again while that helps: a delete or a parent may have
    /// come after them.
    func isolate(_ pieces: [Piece]) throws(StoreError) -> [LineFailure] {
        for piece in pieces where piece.isCircular {
            // What fails here fails again below, and is reported there.
            _ = try oneByOne(piece.group.lines, of: piece, withoutCircular: true)
        }
        var failed: [(piece: Piece, failures: [LineFailure])] = []
        for piece in pieces {
            let failures = try oneByOne(piece.group.lines, of: piece, withoutCircular: false)
            if !failures.isEmpty { failed.append((piece, failures)) }
        }
        // Each pass costs as much as there are failures; a row that fails for its own sake fails in each of them.
        var passes = 0
        while passes < 8, failed.contains(where: { $0.failures.contains(where: RowWriter.mayDependOnOthers) }) {
            passes += 1
            var hasProgressed = false
            for index in failed.indices {
                var again: [ReceivedLine] = []
                failed[index].failures.removeAll { failure in
                    if RowWriter.mayDependOnOthers(failure) { again.append(failure.line) }
                    return RowWriter.mayDependOnOthers(failure)
                }
                guard !again.isEmpty else { continue }
                // A shift of unique values comes out from its other end.
                if !passes.isMultiple(of: 2) { again.reverse() }
                let failures = try oneByOne(again, of: failed[index].piece, withoutCircular: false)
                hasProgressed = hasProgressed || failures.count < again.count
                failed[index].failures += failures
            }
            if !hasProgressed { break }
        }
        try respell(&failed)
        return failed.flatMap(\.failures)
    }

    /// A row whose key is spelled another way from now on, and that cannot go under its old one, since others refer to it:
    /// it is written anew in its place.
    private func respell(_ failed: inout [(piece: Piece, failures: [LineFailure])]) throws(StoreError) {
        for index in failed.indices where !failed[index].piece.group.isDelete {
            let piece = failed[index].piece
            let clashing = failed[index].failures.filter { $0.code == RowWriter.clashCode }.map(\.line)
            guard !clashing.isEmpty, !piece.target.twinKey.isEmpty,
                let deletes = failed.firstIndex(where: {
                    $0.piece.group.isDelete && $0.piece.group.table.name == piece.group.table.name
                })
            else { continue }
            let gone = failed[deletes].failures.map(\.line)
            guard let some = ReceiverEngine.portions(gone.map(\.text.count)).first else { continue }
            failed[index].failures.removeAll { $0.code == RowWriter.clashCode }
            failed[index].failures += try oneByOne(
                clashing, of: piece, withoutCircular: false, gone: Array(gone[some]))
            failed[deletes].failures = try oneByOne(gone, of: failed[deletes].piece, withoutCircular: false)
        }
    }

    /// Integrity violations: a row that is missing, or one that is in the way.
    private static func mayDependOnOthers(_ failure: LineFailure) -> Bool { failure.code?.hasPrefix("23") ?? false }

    /// Takes lines of one table one by one.
    private func oneByOne(
        _ lines: [ReceivedLine], of piece: Piece, withoutCircular: Bool, gone: [ReceivedLine] = []
    ) throws(StoreError) -> [LineFailure] {
        let columns = piece.group.isDelete ? piece.target.key.count : piece.target.columns.count
        let value = { (column: String) in "trunkline_line.\(column)" }
        let statement: String
        // Whether a row was passed over, once the statement went through; and if by its key, by which column of it.
        let isSkipped: String
        var clash = "NULL"
        if piece.group.isDelete {
            let match = match(piece.target, value)
            let rows = "FROM \(piece.target.relation) t WHERE \(match)"
            let referring = try ReferringRows.find(piece.target, connection)
            let locking = referring.isEmpty ? "" : "PERFORM \(rows) FOR UPDATE;\n"
            let checks = referring.map { referring in
                """
                IF EXISTS (SELECT \(rows) AND \(referring.exist)) THEN
                    RAISE EXCEPTION USING ERRCODE = \(ReferringRows.code.literal), MESSAGE = \(referring.reason(at: stream.destination).literal);
                END IF;

                """
            }
            statement = "\(locking)\(checks.joined())DELETE \(rows)"
            isSkipped = "NOT FOUND AND EXISTS (SELECT FROM \(piece.target.relation) t WHERE \(match))"
        } else {
            let conflict = conflict(piece.target, withoutCircular: withoutCircular, gone: gone)
            statement = upsert(piece.target, withoutCircular: withoutCircular, value) + conflict.sql
            isSkipped = conflict.updates ? "NOT FOUND" : "false"
            clash = self.clash(piece.target, value)
        }
        // Thousands of rows fail for the same reason: one text of it is enough.
        var reasons: Set<String> = []
        return try eachLine(
            lines, columns: columns,
            """
            \(statement);
            IF \(isSkipped) THEN
                INSERT INTO pg_temp.trunkline_failed
                    SELECT trunkline_line.number,
                        CASE WHEN clash IS NULL THEN \(RowWriter.skippedCode.literal) ELSE \(RowWriter.clashCode.literal) END,
                        CASE WHEN clash IS NULL THEN \(RowWriter.skippedReason.literal)
                            ELSE format(\(RowWriter.clashReason.literal), clash) END
                    FROM (SELECT \(clash) AS clash) c;
            END IF
            """
        ).map { failed in
            let message =
                failed.code == StoreError.lockedCode
                ? RowWriter.lockedReason : StoreError.withoutValues(failed.message, code: failed.code)
            let reason = reasons.insert(message).memberAfterInsert
            return LineFailure(
                line: lines[failed.line], reason: reason, code: failed.code, lacksParent: failed.code == "23503")
        }
    }

    /// That of a unique violation, which it would be for all that the sender knows.
    private static let clashCode = "23505"
    private static let clashReason =
        "its key and that of another row differ only by what the type or the collation of column \"%s\" ignores here; give one of the rows another key, or make the table's key of a type here that tells them apart"

    typealias FailedLine = (line: Int, code: String, message: String)

    /// Runs statements for each line, which they know as `trunkline_line`, in a subtransaction of its own in the server:
    /// some 50 µs a line.
    /// - Returns: those that failed, and those that the statements themselves noted in `trunkline_failed`.
    func eachLine(_ lines: [ReceivedLine], columns: Int, _ statements: String) throws(StoreError) -> [FailedLine] {
        var failed: [FailedLine] = []
        for portion in ReceiverEngine.portions(lines.map(\.text.count)) {
            failed += try halving(lines[portion], columns, statements)
        }
        return failed
    }

    private func halving(
        _ lines: ArraySlice<ReceivedLine>, _ columns: Int, _ statements: String
    ) throws(StoreError) -> [FailedLine] {
        try connection.script("SAVEPOINT piece", "store rows")
        do throws(StoreError) {
            let failed = try block(lines, columns, statements)
            try connection.script("RELEASE piece", "store rows")
            return failed
        } catch {
            // What even text columns do not take, or what no block survives (a failed ASSERT of a trigger).
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO piece; RELEASE piece", "store rows")
            forgetStages()
            guard lines.count > 1 else { return [(lines.startIndex, error.databaseCode ?? "", error.reason)] }
        }
        let middle = lines.startIndex + lines.count / 2
        return try halving(lines[..<middle], columns, statements) + halving(lines[middle...], columns, statements)
    }

    /// So many rows of a block are waited for in vain.
    private static let mostLocked = 10

    private func block(
        _ lines: ArraySlice<ReceivedLine>, _ columns: Int, _ statements: String
    ) throws(StoreError) -> [FailedLine] {
        let stage = try stage(lines.reduce(into: [UInt8]()) { $0 += $1.text }[...], columns: columns)
        let body = """
            #variable_conflict use_column
            DECLARE
                trunkline_line record;
                trunkline_locked integer := 0;
            BEGIN
                FOR trunkline_line IN SELECT row_number() OVER (ORDER BY ctid) AS number, * FROM \(stage) LOOP
                    BEGIN
                        \(statements);
                    EXCEPTION WHEN OTHERS THEN
                        IF SQLSTATE = \(StoreError.lockedCode.literal) AND trunkline_locked < \(Self.mostLocked) THEN
                            trunkline_locked := trunkline_locked + 1;
                        ELSIF \(StoreError.isOfOthersInSQL) THEN
                            RAISE;
                        END IF;
                        INSERT INTO pg_temp.trunkline_failed VALUES (trunkline_line.number, SQLSTATE, SQLERRM);
                    END;
                END LOOP;
            END
            """
        // Names in it come from a branch: a tag that nobody can guess ends the text.
        let tag = "$t" + UUID().uuidString.replacing("-", with: "") + "$"
        try connection.script(
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS trunkline_failed (number bigint, code text, message text)
                ON COMMIT DELETE ROWS;
            DELETE FROM pg_temp.trunkline_failed;
            DO \(tag)
            \(body)
            \(tag)
            """, "store rows one by one")
        let failed = try connection.run(
            "SELECT number, code, message FROM pg_temp.trunkline_failed ORDER BY number", [], "read failures")
        return (0..<failed.rowCount).map { row in
            (lines.startIndex + failed.integer(row, 0)! - 1, failed.text(row, 1), failed.text(row, 2))
        }
    }
}
