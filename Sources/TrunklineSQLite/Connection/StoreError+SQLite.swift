internal import GRDB
internal import TrunklineCore

extension StoreError {
    /// What a database error means to a caller. Holds SQLite's message, never bound values.
    init(_ error: any Error, operation: String, subject: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(database: error, operation: operation, subject: subject)
        case is CancellationError:
            self.init(.contention, operation: operation, subject: subject, reason: "the call was cancelled")
        default: self.init(.database, operation: operation, subject: subject, reason: "\(error)")
        }
    }

    private init(database error: DatabaseError, operation: String, subject: String) {
        let message = error.message ?? error.resultCode.description
        let table = "no such table: "
        if message.hasPrefix(table + "trunkline_") || message.hasPrefix(table + "main.trunkline_") {
            self = .notInitialised(operation: operation, subject: subject)
            return
        }
        var hint: String?
        let code: StoreError.Code
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_INTERRUPT, .SQLITE_SCHEMA, .SQLITE_PROTOCOL: code = .contention
        case .SQLITE_FULL: code = .full
        case .SQLITE_IOERR: code = error.extendedResultCode == .SQLITE_IOERR_WRITE ? .full : .unreachable
        case .SQLITE_CANTOPEN:
            code = .unreachable
            hint = "check that database.url names a file in a directory that this user may write to"
        case .SQLITE_NOTADB:
            code = .configuration
            hint = "correct database.url: the file is not a SQLite database"
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            code = .accessRefused
            hint = "let this user write to the database file and its directory"
        default: code = .database
        }
        self.init(
            code, operation: operation, subject: subject, reason: message, hint: hint,
            databaseCode: String(error.extendedResultCode.rawValue))
    }

    static func notInitialised(operation: String, subject: String) -> StoreError {
        StoreError(
            .notInitialised, operation: operation, subject: subject, reason: "this database has no trunkline tables",
            hint: "run trunkline init")
    }
}
