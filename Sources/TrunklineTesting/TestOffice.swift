import Foundation

/// Which database an office has.
public enum DatabaseKind: String, Sendable, CaseIterable {
    case postgres, sqlite
}

/// Which databases a branch and the head have.
public struct Pairing: Sendable, CustomStringConvertible {
    public var branch: DatabaseKind
    public var head: DatabaseKind

    public init(branch: DatabaseKind, head: DatabaseKind) {
        self.branch = branch
        self.head = head
    }

    public var description: String { "\(branch) → \(head)" }

    public static let all = [
        Pairing(branch: .postgres, head: .postgres), Pairing(branch: .sqlite, head: .postgres),
        Pairing(branch: .sqlite, head: .sqlite), Pairing(branch: .postgres, head: .sqlite),
    ]

    /// Each kind at each end once, for tests that take their time.
    public static let mixed = [
        Pairing(branch: .sqlite, head: .postgres), Pairing(branch: .postgres, head: .sqlite),
    ]
}

/// An office with a real database of its own.
public final class TestOffice: Sendable {
    public let id: String
    public let kind: DatabaseKind
    public let url: String
    private let postgres: TestPostgres?
    private let file: String

    /// - Parameters:
    ///   - directory: where a SQLite file goes; it must live as long as the office.
    ///   - server: the PostgreSQL server; nil: the one that `scripts/test` started.
    ///   - encoding: of a PostgreSQL database; nil: the server's own.
    public init(
        _ id: String, _ kind: DatabaseKind, in directory: TemporaryDirectory, server: String? = nil,
        encoding: String? = nil
    ) throws {
        self.id = id
        self.kind = kind
        file = directory.file("\(id).db")
        switch kind {
        case .postgres:
            let database = try TestPostgres(
                server: try server ?? TestEnvironment.postgresURL.value(), encoding: encoding)
            postgres = database
            url = database.url
        case .sqlite:
            postgres = nil
            url = "sqlite://\(file)"
        }
    }

    /// Runs statements as the till would: another process, with nothing of ours.
    /// - Returns: the rows, a line each, the columns parted by `|`.
    @discardableResult
    public func run(_ sql: String) throws -> String {
        if let postgres { return try postgres.run(sql) }
        return try Command.run("sqlite3", sqliteArguments, input: sqliteInput(sql))
    }

    /// The same for statements that may fail; the first that does is the last.
    public func attempt(_ sql: String) throws -> Command.Outcome {
        if let postgres { return try postgres.attempt(sql) }
        return try Command.attempt("sqlite3", sqliteArguments, input: sqliteInput(sql))
    }

    private var sqliteArguments: [String] { ["-batch", "-bail", file] }

    private func sqliteInput(_ sql: String) -> String { ".timeout 10000\n.separator |\n\(sql);\n" }

    /// A URL for a new role of PostgreSQL that may use the bookkeeping and every table but one.
    public func roleWithout(_ table: String) throws -> String {
        guard let postgres else { throw TestFailure("SQLite has no roles") }
        return try postgres.roleWithout(table)
    }

    /// Removes all that `trunkline init` made, and leaves the application's tables and rows.
    public func dropBookkeeping() throws {
        guard kind == .sqlite else {
            _ = try run("drop schema trunkline cascade")
            return
        }
        let drops = try run(
            """
            select 'drop ' || type || ' if exists "' || name || '";' from sqlite_schema
            where name like 'trunkline%' and type in ('trigger', 'view', 'table') order by type desc
            """)
        try run(drops)
    }

    /// Makes a backup as an administrator would: `pg_dump`, or SQLite's `.backup`.
    public func backUp() throws {
        switch postgres {
        case let postgres?: try postgres.backUp(to: backup)
        case nil: try Command.run("sqlite3", [file, ".backup \(backup)"])
        }
    }

    /// Puts the last backup in the place of the database; connections to it are ended.
    public func restore() throws {
        switch postgres {
        case let postgres?: try postgres.restore(from: backup)
        case nil:
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
            try FileManager.default.copyItem(atPath: backup, toPath: file)
        }
    }

    private var backup: String { file + ".backup" }
}
