internal import GRDB
internal import TrunklineCore

/// The lines of the change log that a stream reads: its own, and at the head those for all branches.
enum StreamLines {
    /// A query of the lines, each in the order of the log where the whole is: two ordered reads of an index are merged, so
    /// that a limit ends it early. What is not at the head says so literally, as the index does.
    /// - Parameters:
    ///   - destination: the stream's own.
    ///   - columns: of `trunkline_change`.
    ///   - condition: on `seq`, say.
    static func query(_ destination: String, _ columns: String, where condition: String) -> String {
        guard destination != OfficeID.head.description else {
            return "SELECT \(columns) FROM trunkline_change WHERE destination = 'head' AND \(condition)"
        }
        return [OfficeID.all.description, destination].map {
            "SELECT \(columns) FROM trunkline_change WHERE \(isFor($0)) AND \(condition)"
        }.joined(separator: " UNION ALL ")
    }

    /// The lines of one destination, so that the index serves.
    static func isFor(_ destination: String) -> String {
        let literal = "'\(destination.doubling("'"))'"
        return destination == OfficeID.head.description
            ? "destination = \(literal)" : "destination <> 'head' AND destination = \(literal)"
    }

    /// Whether there is one behind a place in the log.
    static func exist(_ destination: String, after cursor: Int64, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db.makeStatement(sql: "SELECT EXISTS (\(query(destination, "1", where: "seq > ?1")))"), arguments: [cursor])!
    }
}
