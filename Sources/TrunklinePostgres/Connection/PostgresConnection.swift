internal import CLibPQ
import Foundation
internal import TrunklineCore

/// One libpq connection: owns its `PGconn`, closed in `deinit`.
///
/// Not thread-safe and not Sendable: it belongs to one ``PostgresStore`` and is used on that actor's
/// thread only, where its blocking calls may block.
final class PostgresConnection {
    let pointer: OpaquePointer
    /// Names by SQL: two statements of one name are two.
    private var prepared: [String: String] = [:]
    /// What is known of the tables that rows were stored into.
    var targets = Target.Cache()
    /// Computations that were found to be right.
    var computations = ComputationSQL.Cache()
    /// Whether another session is to take its place: it has plans that do not fit any more.
    var isStale = false

    /// Connects and sets the session up: everything that the result of a statement depends on has one value, whatever
    /// the server, the database or the role say. See ``SessionSettings``.
    ///
    /// - Parameter url: a libpq connection URI; its options (TLS among them) are libpq's.
    init(url: String) throws(StoreError) {
        if let problem = PostgresTransport.problem(of: url) {
            throw StoreError(
                .configuration, operation: "connect", subject: "database.url", reason: problem,
                hint: "write @ as %40, / as %2F, : as %3A and % as %25")
        }
        guard let pointer = PostgresConnection.connect(url) else {
            throw StoreError(.unreachable, operation: "connect", subject: "PostgreSQL", reason: "out of memory")
        }
        self.pointer = pointer
        guard PQstatus(pointer) == CONNECTION_OK else {
            let message = PostgresConnection.text(PQerrorMessage(pointer))
            throw PostgresConnection.connectError(message)
        }
        PQsetNoticeProcessor(pointer, { _, _ in }, nil)
        try script(SessionSettings.sql, "set up the session")
    }

    /// «PQconnectdbParams … always returns a non-null object pointer, unless there is too little memory», and «when key
    /// words are repeated, the last processed value is retained» (libpq documentation, 34.1): the URI's own options win
    /// over ours.
    private static func connect(_ url: String) -> OpaquePointer? {
        let parameters = SessionSettings.connecting + [("dbname", url)]
        let keywords = parameters.map { strdup($0.0) }
        let values = parameters.map { strdup($0.1) }
        defer { for copy in keywords + values { free(copy) } }
        let keywordList = keywords.map { UnsafePointer($0) } + [nil]
        let valueList = values.map { UnsafePointer($0) } + [nil]
        return PQconnectdbParams(keywordList, valueList, 1)
    }

    deinit { PQfinish(pointer) }

    var isOpen: Bool { PQstatus(pointer) == CONNECTION_OK }

    /// Whether the server's database holds every character.
    var isUTF8: Bool { PostgresConnection.text(PQparameterStatus(pointer, "server_encoding")) == "UTF8" }

    /// Whether the open transaction has failed.
    var isFailed: Bool { PQtransactionStatus(pointer) == PQTRANS_INERROR }

    /// Whether a transaction block is open, in error or not.
    var inTransaction: Bool { PQtransactionStatus(pointer) != PQTRANS_IDLE }

    /// Runs statements without parameters, separated by semicolons.
    func script(_ sql: String, _ operation: String) throws(StoreError) {
        let result = PostgresResult(PQexec(pointer, sql))
        try check(result, operation)
    }

    /// Runs one statement, prepared at its first use on this connection.
    @discardableResult
    func query(_ statement: Statement, _ values: [String?] = []) throws(StoreError) -> PostgresResult {
        let name: String
        if let known = prepared[statement.sql] {
            name = known
        } else {
            name = "\(statement.name)_\(prepared.count)"
            try check(PostgresResult(PQprepare(pointer, name, statement.sql, 0, nil)), statement.name)
            prepared[statement.sql] = name
        }
        let result = withCStrings(values) {
            PostgresResult(PQexecPrepared(pointer, name, Int32(values.count), $0, nil, nil, 0))
        }
        try check(result, statement.name)
        return result
    }

    /// Runs one statement whose text is made for the occasion (identifiers cannot be parameters).
    @discardableResult
    func run(_ sql: String, _ values: [String?] = [], _ operation: String) throws(StoreError) -> PostgresResult {
        let result = withCStrings(values) {
            PostgresResult(PQexecParams(pointer, sql, Int32(values.count), nil, $0, nil, nil, 0))
        }
        try check(result, operation)
        return result
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    func transaction<T>(
        _ operation: String, begin: String = "BEGIN", _ body: () throws(StoreError) -> T
    ) throws(StoreError) -> T {
        try script(begin, operation)
        do {
            let value = try body()
            try script("COMMIT", operation)
            return value
        } catch {
            if isOpen { try? script("ROLLBACK", operation) }
            throw error
        }
    }

    /// Runs several statements in one round trip.
    /// - Returns: the result of the last one.
    func scriptResult(_ sql: String, _ operation: String) throws(StoreError) -> PostgresResult {
        let result = PostgresResult(PQexec(pointer, sql))
        try check(result, operation)
        return result
    }

    private func withCStrings<T>(_ values: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> T) -> T {
        let copies = values.map { $0.map { strdup($0) } ?? nil }
        defer { for copy in copies { free(copy) } }
        return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { body($0.baseAddress) }
    }

    static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        guard let pointer else { return "" }
        return String(cString: pointer).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
