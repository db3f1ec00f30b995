internal import CLibPQ

/// A libpq result: owns its `PGresult`, cleared in `deinit`.
final class PostgresResult {
    let pointer: OpaquePointer?

    init(_ pointer: OpaquePointer?) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    var rowCount: Int { Int(PQntuples(pointer)) }

    var columnCount: Int { Int(PQnfields(pointer)) }

    /// Rows that a data-changing statement touched.
    var affectedRows: Int { Int(PostgresConnection.text(PQcmdTuples(pointer))) ?? 0 }

    /// The value as text; nil is NULL.
    func value(_ row: Int, _ column: Int) -> String? {
        guard PQgetisnull(pointer, Int32(row), Int32(column)) == 0 else { return nil }
        return String(cString: PQgetvalue(pointer, Int32(row), Int32(column)))
    }

    /// A value that the statement cannot leave NULL.
    func text(_ row: Int, _ column: Int) -> String { value(row, column)! }

    func integer(_ row: Int, _ column: Int) -> Int? { value(row, column).flatMap { Int($0) } }

    func flag(_ row: Int, _ column: Int) -> Bool { value(row, column) == "t" }
}
