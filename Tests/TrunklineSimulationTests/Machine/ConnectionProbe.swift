import Foundation
import GRDBSQLite

/// Looks after the SQLite connections of a simulated process: each statement is a beat of its ``Life``, nothing commits
/// after its death, the database's clock is the world's, and a lock is not waited for.
final class ConnectionProbe: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    /// Nil between two worlds.
    var life: Life?

    func install(on connection: OpaquePointer) {
        let context = Unmanaged.passRetained(self).toOpaque()
        sqlite3_busy_timeout(connection, 0)
        // GRDB's notes on what each statement touches, for observers that nobody has, take a sixth of the time.
        sqlite3_set_authorizer(connection, nil, nil)
        sqlite3_trace_v2(
            connection, UInt32(SQLITE_TRACE_STMT),
            { _, context, statement, text in
                let probe = ConnectionProbe.at(context)
                if let life = probe.life, !ConnectionProbe.opens(text) {
                    life.beat(statement: ConnectionProbe.firstWords(text))
                    if life.isDead, !ConnectionProbe.endsSomething(text) {
                        sqlite3_interrupt(sqlite3_db_handle(OpaquePointer(statement)))
                    }
                }
                return 0
            }, context)
        sqlite3_commit_hook(connection, { ConnectionProbe.at($0).life?.isDead == true ? 1 : 0 }, context)
        sqlite3_create_function_v2(
            connection, "strftime", 2, SQLITE_UTF8, context,
            { call, _, _ in
                let text = DatabaseTime.text(ConnectionProbe.elapsed(call))
                sqlite3_result_text(call, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            }, nil, nil, { Unmanaged<ConnectionProbe>.fromOpaque($0!).release() })
        sqlite3_create_function_v2(
            connection, "julianday", 1, SQLITE_UTF8, context,
            { call, _, arguments in
                guard let text = sqlite3_value_text(arguments![0]) else { return sqlite3_result_null(call) }
                let time = String(cString: text)
                let now = ConnectionProbe.elapsed(call)
                sqlite3_result_double(call, time == "now" ? DatabaseTime.days(now) : DatabaseTime.days(time))
            }, nil, nil, nil)
    }

    /// The library looks whether the file is a database. Not a beat: a store that a process left to the next is open.
    private static func opens(_ text: UnsafeMutableRawPointer?) -> Bool {
        strcmp(text!.assumingMemoryBound(to: CChar.self), "SELECT * FROM sqlite_master LIMIT 1") == 0
    }

    /// The library must get out of its transaction; that it commits nothing, the commit hook sees to.
    private static func endsSomething(_ text: UnsafeMutableRawPointer?) -> Bool {
        let statement = firstWords(text)
        return ["COMMIT", "ROLLBACK", "PRAGMA"].contains { statement.hasPrefix($0) }
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> ConnectionProbe {
        Unmanaged<ConnectionProbe>.fromOpaque(context!).takeUnretainedValue()
    }

    private static func elapsed(_ call: OpaquePointer?) -> Duration {
        at(sqlite3_user_data(call)).life?.world.clock.elapsed ?? .zero
    }

    private static func firstWords(_ text: UnsafeMutableRawPointer?) -> String {
        guard let text else { return "" }
        let statement = String(cString: text.assumingMemoryBound(to: CChar.self))
        return statement.split(whereSeparator: \.isWhitespace).prefix(6).joined(separator: " ")
    }
}
