import Foundation
import Testing
import TrunklineTesting

/// Which database an office has.
enum DatabaseKind: String, Sendable, CaseIterable {
    case postgres, sqlite
}

/// Which databases the branches and the head have.
struct Pairing: Sendable, CustomTestStringConvertible {
    var branch: DatabaseKind
    var head: DatabaseKind

    var testDescription: String { "\(branch) → \(head)" }

    static let all = [
        Pairing(branch: .postgres, head: .postgres), Pairing(branch: .sqlite, head: .postgres),
        Pairing(branch: .sqlite, head: .sqlite), Pairing(branch: .postgres, head: .sqlite),
    ]
}

/// An office with a real database of its own.
final class TestOffice: Sendable {
    let id: String
    let kind: DatabaseKind
    let url: String
    private let postgres: TestPostgres?
    private let file: String

    /// - Parameter server: nil: the server that `scripts/test` started.
    init(_ id: String, _ kind: DatabaseKind, in directory: TemporaryDirectory, server: String? = nil) throws {
        self.id = id
        self.kind = kind
        file = directory.file("\(id).db")
        switch kind {
        case .postgres:
            let database = try server.map { try TestPostgres(server: $0) } ?? TestPostgres()
            postgres = database
            url = database.url
        case .sqlite:
            postgres = nil
            url = "sqlite://\(file)"
        }
    }

    /// Runs statements as the till would: another process, with nothing of ours.
    @discardableResult
    func run(_ sql: String) throws -> String {
        if let postgres { return try postgres.run(sql) }
        return try Command.run("sqlite3", ["-batch", "-bail", file], input: ".timeout 10000\n.separator |\n\(sql)")
    }
}
