internal import GRDB
internal import GRDBSQLite

// Values go through SQLite's own functions because they may hold NUL characters, at which a C string ends.

/// https://www.sqlite.org/c3ref/c_static.html: SQLite makes its own copy.
private let copied = unsafeBitCast(OpaquePointer(bitPattern: -1), to: sqlite3_destructor_type.self)

extension SQLiteValue {
    /// Binds the value to a parameter (1, 2, …) of a statement.
    /// - Throws: `DatabaseError`, when it is larger than SQLite takes.
    func bind(to statement: Statement, at index: Int) throws {
        let pointer = statement.sqliteStatement
        let position = Int32(index)
        let code =
            switch self {
            case .null: sqlite3_bind_null(pointer, position)
            case .integer(let value): sqlite3_bind_int64(pointer, position, value)
            case .real(let value): sqlite3_bind_double(pointer, position, value)
            case .text(let bytes):
                bytes.withUnsafeBytes { buffer in
                    // A nil pointer would bind NULL, so the empty text points to something.
                    withUnsafePointer(to: CChar(0)) { nothing in
                        sqlite3_bind_text64(
                            pointer, position, buffer.baseAddress?.assumingMemoryBound(to: CChar.self) ?? nothing,
                            UInt64(buffer.count), copied, UInt8(SQLITE_UTF8))
                    }
                }
            case .blob(let bytes):
                bytes.isEmpty
                    ? sqlite3_bind_zeroblob(pointer, position, 0)
                    : bytes.withUnsafeBytes {
                        sqlite3_bind_blob64(pointer, position, $0.baseAddress, UInt64($0.count), copied)
                    }
            }
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    /// Copies a column (0, 1, …) of a statement's current row.
    init(_ statement: Statement, column: Int) {
        self = RawValue.with(statement, column: column) { $0.copy }
    }
}

extension RawValue {
    /// Lends a column of a statement's current row.
    static func with<Result>(
        _ statement: Statement, column: Int, _ body: (RawValue) throws -> Result
    ) rethrows -> Result {
        let pointer = statement.sqliteStatement
        let index = Int32(column)
        switch sqlite3_column_type(pointer, index) {
        case SQLITE_INTEGER: return try body(.integer(sqlite3_column_int64(pointer, index)))
        case SQLITE_FLOAT: return try body(.real(sqlite3_column_double(pointer, index)))
        case SQLITE_TEXT: return try body(.text(bytes(pointer, index)))
        case SQLITE_BLOB: return try body(.blob(bytes(pointer, index)))
        default: return try body(.null)
        }
    }

    /// sqlite3_column_blob on a text gives its UTF-8 without a conversion, NUL characters included;
    /// sqlite3_column_bytes must be asked after it (https://www.sqlite.org/c3ref/column_blob.html).
    private static func bytes(_ pointer: OpaquePointer, _ index: Int32) -> UnsafeBufferPointer<UInt8> {
        let start = sqlite3_column_blob(pointer, index)
        let count = Int(sqlite3_column_bytes(pointer, index))
        return UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
    }
}

extension Statement {
    /// Steps once.
    /// - Returns: whether there is a row.
    /// - Throws: `DatabaseError` with the extended code and SQLite's message.
    func stepOnce(_ db: Database) throws -> Bool {
        let code = sqlite3_step(sqliteStatement)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            throw DatabaseError(
                resultCode: ResultCode(rawValue: sqlite3_extended_errcode(db.sqliteConnection)),
                message: db.lastErrorMessage)
        }
    }

    /// Makes the statement ready to be bound and stepped anew.
    func rewind() {
        // The result repeats the last step's error, which was thrown then.
        sqlite3_reset(sqliteStatement)
        sqlite3_clear_bindings(sqliteStatement)
    }
}
