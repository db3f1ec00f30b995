internal import TrunklineCore

/// What the catalog says of a synced table, beside what it was when its triggers were made.
struct CaptureState: Sendable {
    var table: SyncedTable
    var stored: CaptureFingerprint?
    /// Nil: there is no such table.
    var now: CaptureFingerprint?
    var isPartitioned: Bool
    /// Triggers of ours, here or on a partition, that are missing or do not fire.
    var idleTriggers: Int
    var mayRead: Bool
    var hidesRows: Bool
    /// What the table of the stored oid is called now, if not by its name.
    var formerName: String?
    var user: String
    /// Why changes of it are not seen completely.
    var obstacle: String?
    /// Whether its rule can be applied.
    var look: TableSource.Look
    /// Why its rows could not be read, which another look at them may show otherwise.
    var readingProblem: String?
    /// Whether it is time for that look.
    var mayBeReadAgain: Bool

    /// What is to be done before the capture is complete again.
    struct Work: Hashable, Sendable {
        var triggers = false
        /// Logged keys say nothing any more.
        var forgetsKeys = false
        /// Rows may have been missed.
        var load = false
        var partitions = false
        /// The triggers are right: what the catalog says is noted anew.
        var isNotedAnew = false
        /// Why, for people.
        var reason: String
    }

    enum Verdict: Hashable, Sendable {
        case intact
        case incomplete(Work)
        /// Nothing of the table can travel.
        /// - Parameter wayOut: for a person.
        case still(reason: String, wayOut: String)
    }

    var verdict: Verdict {
        guard let now else {
            let renamed = formerName.map { "; it is called \($0) now" } ?? ""
            return .still(
                reason: "the table does not exist any more\(renamed)",
                wayOut: "create it again or give it its name back, or change tables:; then run \"trunkline init\"")
        }
        guard mayRead else {
            return .still(
                reason: "user \"\(user)\" may not read it",
                wayOut: "have its owner run: GRANT SELECT ON \(table.relation) TO \(user.identifier)")
        }
        guard !hidesRows else {
            return .still(
                reason: "row-level security hides rows of it from user \"\(user)\"",
                wayOut: "have a superuser run: ALTER ROLE \(user.identifier) BYPASSRLS")
        }
        if case .problem(let ruleProblem) = look {
            return .still(
                reason: "its route or where cannot be used: \(ruleProblem)",
                wayOut: "mend that, or correct it under tables: and run \"trunkline init\"")
        }
        if let obstacle {
            return .still(reason: obstacle, wayOut: "mend that, or take it out of tables and run \"trunkline init\"")
        }
        if case .mapping(_, let through, _, _) = table.route, now.mapping == nil {
            return .still(
                reason: "the table \"\(through)\", which says what is for which branch, does not exist",
                wayOut: "create it, or correct route under tables:; then run \"trunkline init\"")
        }
        guard !now.key.isEmpty else {
            return .still(
                reason: "it has no primary key any more", wayOut: "add one, then run \"trunkline init\"")
        }
        if let work = work(now) { return .incomplete(work) }
        return (look == .locked ? ReadingProblem.lockReason : readingProblem).map {
            .still(reason: $0, wayOut: "it is tried again by itself")
        } ?? .intact
    }

    private func work(_ now: CaptureFingerprint) -> Work? {
        guard let stored else { return Work(triggers: true, load: !table.loaded, reason: "it is not captured yet") }
        if !now.hasComparableKey(stored) {
            return Work(triggers: true, forgetsKeys: true, load: true, reason: "its primary key is another one")
        }
        // The triggers name it by its oid, which another database, or another table of its name, does not have.
        if now.mapping != stored.mapping {
            return Work(triggers: true, load: true, reason: "the table that maps it to branches was made anew")
        }
        // Triggers go with the table that they are on.
        if now.oid != stored.oid, idleTriggers == 0, now.key == stored.key {
            let isAlone = stored.books != nil && stored.books == now.books
            // Those on the mapping table name it by its oid.
            return Work(
                triggers: table.isMapped, load: isAlone || !table.loaded, isNotedAnew: true,
                reason: isAlone ? "it was restored by itself, or made anew with our triggers" : "it came from a dump")
        }
        if now.oid != stored.oid {
            return Work(triggers: true, load: true, reason: "it was made anew")
        }
        if idleTriggers > 0 {
            return Work(triggers: true, load: true, reason: "triggers of ours are missing or disabled")
        }
        if now.key != stored.key {
            return Work(
                triggers: true,
                load: !table.loaded || now.partitions != stored.partitions || now.hasReturnedPartitions(since: stored),
                reason: "a column of its key has another name or type")
        }
        if now.hasOtherValues(than: stored) {
            return Work(
                triggers: true, load: true,
                reason: "its values were written anew, by another type or other labels of an enum")
        }
        if now.hasReturnedPartitions(since: stored) {
            return Work(
                load: true, partitions: now.partitions != stored.partitions, isNotedAnew: true,
                reason: "a partition of it was detached for a while")
        }
        if now.partitions != stored.partitions {
            return Work(load: !table.loaded, partitions: true, reason: "its partitions are others")
        }
        if stored.books == nil || now.partitionTriggers != nil && stored.partitionTriggers == nil {
            return Work(load: !table.loaded, isNotedAnew: true, reason: "more of it is noted than before")
        }
        if now.firesAlways == true, stored.firesAlways != true {
            return Work(load: !table.loaded, isNotedAnew: true, reason: "its triggers fire for replayed changes now")
        }
        return table.loaded ? nil : Work(load: true, reason: "its rows are still to be loaded")
    }

    /// - Throws: `.table` where nothing of it can travel.
    func checkItMoves() throws(StoreError) {
        guard case .still(let reason, let wayOut) = verdict else { return }
        throw StoreError(
            .table, operation: "init", subject: "table \"\(table.name)\"", reason: reason, hint: wayOut)
    }

    /// Whether the keys that are logged can be looked up: else the changes wait.
    var isReadable: Bool {
        guard let now, let stored, mayRead, !hidesRows, look == .readable, readingProblem == nil || mayBeReadAgain
        else { return false }
        return now.key.map(\.number) == stored.key.map(\.number) && now.key.map(\.name) == table.key
            && now.hasComparableKey(stored)
    }

    /// For people; nil when all is well.
    var standstill: StandingTable? {
        switch verdict {
        case .intact: nil
        case .still(let reason, let wayOut): StandingTable(table: table.name, reason: "\(reason); \(wayOut)")
        case .incomplete(let work) where work.isNotedAnew && !work.load: nil
        case .incomplete(let work):
            StandingTable(
                table: table.name,
                reason: "\(work.reason); the publisher sees to it if its user may, else run \"trunkline init\"")
        }
    }
}

extension CaptureState {
    /// Of all tables that are captured, or only those that are listed.
    static func all(_ connection: PostgresConnection, only id: Int? = nil) throws(StoreError) -> [CaptureState] {
        let result = try connection.query(Statements.captureStates, [id.map { "\($0)" }])
        var states: [CaptureState] = []
        for row in 0..<result.rowCount {
            guard let table = SyncedTable(result, row) else { continue }
            var now: CaptureFingerprint?
            if let oid = result.integer(row, 11) {
                now = CaptureFingerprint(
                    oid: oid,
                    key: try JSONText.decode([CaptureSQL.KeyColumn].self, result.text(row, 12), "key columns"),
                    partitions: result.text(row, 13).split(separator: ",").compactMap { Int($0) },
                    filenode: result.integer(row, 21),
                    types: try result.value(row, 22).map { (text) throws(StoreError) in
                        try JSONText.decode([String: String].self, text, "types of columns")
                    },
                    labels: try result.value(row, 23).map { (text) throws(StoreError) in
                        try JSONText.decode([String: String].self, text, "labels of enums")
                    }, firesAlways: result.flag(row, 24),
                    partitionTriggers: try result.value(row, 25).map { (text) throws(StoreError) in
                        try JSONText.decode([String: Int].self, text, "triggers of partitions")
                    }, books: result.integer(row, 26), mapping: result.integer(row, 27))
            }
            var look = TableSource.Look.readable
            let (readingProblem, mayBeReadAgain) = (result.value(row, 28), result.flag(row, 29))
            if table.source != nil, now != nil, readingProblem == nil || mayBeReadAgain {
                look = try TableSource.look(at: table.rows(for: .head), connection)
            }
            states.append(
                CaptureState(
                    table: table,
                    stored: try result.value(row, 10).map { (text) throws(StoreError) in
                        try JSONText.decode(CaptureFingerprint.self, text, "fingerprint of a table")
                    },
                    now: now, isPartitioned: result.flag(row, 14), idleTriggers: result.integer(row, 15) ?? 0,
                    mayRead: result.flag(row, 16), hidesRows: result.flag(row, 17), formerName: result.value(row, 18),
                    user: result.text(row, 19), obstacle: result.value(row, 20), look: look,
                    readingProblem: readingProblem, mayBeReadAgain: mayBeReadAgain))
        }
        return states
    }
}
