import Foundation
import TrunklineCore
import TrunklineSQLite

/// Initialised databases of a head and of three branches, made once and copied for each world.
struct OfficeTemplate: Sendable {
    static let branches = ["east", "north", "west"].map { OfficeID($0)! }
    /// As a branch has them, the key first.
    static let columns: KeyValuePairs = [
        "customer": ["id", "name"], "sale": ["id", "customer", "quantity"], "line": ["sale", "number", "text"],
    ]

    private static let branchTables = """
        CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
        CREATE TABLE sale (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), quantity INTEGER);
        CREATE TABLE line (sale INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT, PRIMARY KEY (sale, number));
        """
    /// The names may meet at the head: rows that swap a unique value in one batch are a known limit.
    private static let headTables = """
        CREATE TABLE customer (branch_id TEXT NOT NULL, id INTEGER NOT NULL, name TEXT, PRIMARY KEY (branch_id, id));
        CREATE TABLE sale (
            branch_id TEXT NOT NULL, id INTEGER NOT NULL, customer INTEGER, quantity INTEGER,
            PRIMARY KEY (branch_id, id),
            FOREIGN KEY (branch_id, customer) REFERENCES customer (branch_id, id));
        CREATE TABLE line (
            branch_id TEXT NOT NULL, sale INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT,
            PRIMARY KEY (branch_id, sale, number));
        CREATE TABLE refusing (since INTEGER);
        CREATE TRIGGER refuse_insert BEFORE INSERT ON sale
        WHEN NEW.quantity > 7 AND EXISTS (SELECT 1 FROM refusing) BEGIN SELECT RAISE(ABORT, 'too many'); END;
        CREATE TRIGGER refuse_update BEFORE UPDATE ON sale
        WHEN NEW.quantity > 7 AND EXISTS (SELECT 1 FROM refusing) BEGIN SELECT RAISE(ABORT, 'too many'); END;
        """
    /// Each step of a watermark, in the transaction that made it.
    private static let history = """
        CREATE TABLE watermark_history (stream TEXT, before INTEGER, after INTEGER, batch_id TEXT);
        CREATE TRIGGER watermark_history AFTER UPDATE OF watermark ON trunkline_inbound BEGIN
            INSERT INTO watermark_history
            VALUES (NEW.stream, iif(NEW.epoch = OLD.epoch, OLD.watermark, -1), NEW.watermark, NEW.batch_id);
        END;
        """

    private let contents: [OfficeID: [UInt8]]

    /// - Parameter sharesTables: whether there are tables that all offices write.
    init(sharesTables: Bool) async throws {
        let directory = try WorldDirectory()
        var contents: [OfficeID: [UInt8]] = [:]
        for office in [.head] + OfficeTemplate.branches {
            let path = directory.file("\(office).db")
            let store = try SQLiteStore(url: "sqlite://\(path)")
            do {
                let application = try PlainConnection(path: path)
                try application.run(OfficeTemplate.tables(of: office) + (sharesTables ? SharedTables.sql : ""))
            }
            _ = try await store.initialise(
                OfficeTemplate.setup(of: office, and: sharesTables ? SharedTables.rules : []))
            await store.close()
            let application = try PlainConnection(path: path)
            try application.run(OfficeTemplate.history)
            let version = try application.numbers("PRAGMA schema_version")![0]
            try application.run("UPDATE trunkline_office SET checked_schema_version = \(version)")
            _ = try application.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            contents[office] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        self.contents = contents
    }

    /// The first branch has the head's tables before; the second lists them and the third takes whatever comes, and there
    /// they are made.
    static func hasDownTables(_ office: OfficeID) -> Bool { office == .head || office == branches[0] }

    private static func tables(of office: OfficeID) -> String {
        switch office {
        case .head: headTables + DownTables.atHead
        case branches[0]: branchTables + DownTables.atBranch
        default: branchTables
        }
    }

    private static func setup(of office: OfficeID, and shared: [TableRule]) -> OfficeSetup {
        let up = columns.map { TableRule(TableName($0.key)) } + shared
        let takesNew = office == branches[2]
        return OfficeSetup(
            office: office, role: office == .head ? .head : .branch, tables: takesNew ? up : up + DownTables.rules,
            acceptsNew: takesNew)
    }

    func copy(_ office: OfficeID, to path: String) throws {
        try Data(contents[office]!).write(to: URL(fileURLWithPath: path))
    }
}
