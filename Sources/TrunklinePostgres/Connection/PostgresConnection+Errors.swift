internal import CLibPQ
internal import TrunklineCore

extension PostgresConnection {
    /// Throws what the server said, if it said no.
    func check(_ result: PostgresResult, _ operation: String) throws(StoreError) {
        switch PQresultStatus(result.pointer) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN, PGRES_COPY_OUT: return
        default: throw error(result, operation)
        }
    }

    func error(_ result: PostgresResult, _ operation: String) -> StoreError {
        let state = PostgresConnection.text(PQresultErrorField(result.pointer, PostgresConnection.sqlState))
        var message = PostgresConnection.text(PQresultErrorField(result.pointer, PostgresConnection.primaryMessage))
        if message.isEmpty { message = PostgresConnection.text(PQerrorMessage(pointer)) }
        guard isOpen else {
            return StoreError(
                .unreachable, operation: operation, subject: "PostgreSQL", reason: message, databaseCode: state)
        }
        let (code, hint) = PostgresConnection.classify(state)
        return StoreError(
            code, operation: operation, subject: "PostgreSQL", reason: message, hint: hint,
            databaseCode: state.isEmpty ? nil : state)
    }

    /// PG_DIAG_SQLSTATE and PG_DIAG_MESSAGE_PRIMARY (postgres_ext.h): character macros that Swift does not import.
    private static let sqlState = Int32(UInt8(ascii: "C"))
    private static let primaryMessage = Int32(UInt8(ascii: "M"))

    /// Source: PostgreSQL documentation, appendix A, «PostgreSQL Error Codes».
    private static func classify(_ state: String) -> (StoreError.Code, String?) {
        switch state {
        case "3F000", "42P01", "42883": return (.notInitialised, "run \"trunkline init\"")
        case "42501": return (.accessRefused, "grant the privilege to the user of database.url")
        case "25006":
            return (
                .unreachable, "it is a standby, or was made read-only; check that database.url leads to the primary"
            )
        case "55P03", "55006": return (.contention, nil)
        // query_canceled: by our own limit of time, or by an administrator, of this one statement.
        case "57014": return (.contention, nil)
        case "53100": return (.full, "free disk space at the database server")
        default: break
        }
        switch state.prefix(2) {
        // 58: the server's disk, say; whoever asks next has it too.
        case "08", "57", "58": return (.unreachable, nil)
        case "40": return (.contention, nil)
        case "53": return (.full, nil)
        case "28": return (.accessRefused, "check user and password in database.url")
        default: return (.database, nil)
        }
    }

    static func connectError(_ message: String) -> StoreError {
        let refused = ["password", "authentication", "no pg_hba.conf", "does not exist", "permission"]
        if message.contains("invalid") && message.contains("URI") || message.contains("invalid connection option") {
            return StoreError(
                .configuration, operation: "connect", subject: "database.url", reason: "not a PostgreSQL connection URI"
            )
        }
        let code: StoreError.Code = refused.contains { message.contains($0) } ? .accessRefused : .unreachable
        let hint = "check database.url, and that the server runs and accepts this office"
        return StoreError(code, operation: "connect", subject: "PostgreSQL", reason: message, hint: hint)
    }
}

extension StoreError {
    /// Whether another connection may do better: the server became read-only (a standby after a failover), or what was
    /// prepared here is gone or no longer fits.
    var blamesConnection: Bool {
        databaseCode == "25006" || databaseCode == "26000"
            || databaseCode == "0A000" && reason.contains("cached plan")
    }
}
