internal import GRDB
internal import TrunklineCore

/// Stores lines one by one; SQLite undoes only the statement of a bad one.
struct RowWriter {
    private let stream: StreamID
    private let db: Database
    private var targets: [TableHeader: Target.Lookup] = [:]

    init(stream: StreamID, db: Database) {
        self.stream = stream
        self.db = db
    }

    /// Stores what can be stored, in this order; then tries the others again while that helps: a
    /// parent, or the delete of a row that is in the way, may have come after them.
    /// - Returns: the lines that could not be stored.
    mutating func store(_ lines: [Line]) throws -> [Line.Failure] {
        for line in lines where !line.isDelete {
            guard case .found(let target) = try target(of: line), !target.circular.isEmpty else { continue }
            // What fails here fails again below, and is reported there.
            _ = try target.apply(line, withoutCircular: true)
        }
        var failures = try lines.compactMap { try attempt($0) }
        var progress = true
        while progress && !failures.isEmpty && failures.count <= 2_000 {
            let still = try failures.compactMap { try attempt($0.line) }
            progress = still.count < failures.count
            failures = still
        }
        return failures
    }

    private mutating func attempt(_ line: Line) throws -> Line.Failure? {
        switch try target(of: line) {
        case .missing: nil
        case .unfit(let reason): Line.Failure(line: line, reason: reason)
        case .found(let target): try target.apply(line).map { Line.Failure(line: line, reason: $0) }
        }
    }

    /// The line's table; made now if it is missing and the line is a row.
    private mutating func target(of line: Line) throws -> Target.Lookup {
        if let known = targets[line.table] { return known }
        var lookup = try Target.find(line.table, stream: stream, db)
        if case .missing = lookup, line.table.rows > 0 {
            try Target.create(line.table, stream: stream, db)
            lookup = try Target.find(line.table, stream: stream, db)
        }
        targets[line.table] = lookup
        return lookup
    }
}
