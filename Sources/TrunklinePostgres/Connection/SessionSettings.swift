internal import CLibPQ
import Foundation
internal import TrunklineCore

/// What our sessions fix, so that no setting of the server, the database or the role changes what a statement does.
enum SessionSettings {
    /// A peer that vanished is noticed within half a minute, and one that does not answer at once when connecting.
    static var connecting: [(String, String)] {
        let patience = getenv("PGCONNECT_TIMEOUT") == nil ? [("connect_timeout", "10")] : []
        return patience + [
            ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
        ]
    }

    /// - One text form of each value: UTC, ISO dates, exact floats, UTF-8; an empty search path, since every name is
    ///   qualified.
    /// - What we acknowledged or sent survives a crash: `synchronous_commit` is at least `local`.
    /// - No just-in-time compilation, which takes longer than any of our statements, and no parallel workers, which are
    ///   the application's: only the list of rows, which a person waits for, asks for some.
    /// - No time-outs and no kind of transaction but the ordinary one. Some of them are newer than the oldest server.
    static let sql = """
        SET search_path = ''; SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET intervalstyle = 'iso_8601';
        SET extra_float_digits = 1; SET bytea_output = 'hex'; SET client_encoding = 'UTF8'; SET xmlbinary = 'base64';
        SET client_min_messages = warning; SET standard_conforming_strings = on; SET application_name = 'trunkline';
        SET quote_all_identifiers = off; SET array_nulls = on; SET transform_null_equals = off; SET lc_monetary = 'C';
        SET jit = off; SET max_parallel_workers_per_gather = 0; SET max_parallel_maintenance_workers = 0;
        SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
        SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;
        SET default_transaction_deferrable = off;
        SELECT pg_catalog.set_config(name, CASE name WHEN 'synchronous_commit' THEN 'local' ELSE '0' END, false)
            FROM pg_catalog.pg_settings
            WHERE name IN ('transaction_timeout', 'idle_session_timeout') OR name = 'synchronous_commit' AND setting = 'off'
        """
}

extension PostgresConnection {
    /// At a branch, row-level security that would hide rows from us is an error: a hidden row would look deleted. At the
    /// head, its policies decide as they do for everybody.
    func neverHideRowsOfABranch() throws(StoreError) {
        let books = try run(
            """
            SELECT c.oid IS NOT NULL AND has_table_privilege(c.oid, 'SELECT') FROM pg_class c
            WHERE c.oid = to_regclass('trunkline.office')
            """, [], "look for the books")
        guard books.rowCount == 1, books.flag(0, 0) else { return }
        try script(
            "SELECT set_config('row_security', 'off', false) FROM trunkline.office WHERE role = 'branch'",
            "set up the session")
    }
}
