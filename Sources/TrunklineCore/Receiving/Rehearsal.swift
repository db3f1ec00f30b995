import Synchronization

/// What would become of a row that came in a stream: it was stored as one that did come, and all of that was undone.
public struct Rehearsal: Hashable, Sendable, Codable {
    public enum Outcome: String, Hashable, Sendable, Codable {
        case stored
        /// Without columns that the table here does not have.
        case inPart = "in-part"
        /// Its values are here already, or the row here stands.
        case unchanged
        /// `where` leaves it out.
        case leftOut = "left-out"
        case setAside = "set-aside"
    }

    public var stream: StreamID
    /// As the sender calls it.
    public var table: TableName
    /// The table here; nil: no row of the sender's is stored in any.
    public var into: TableName?
    public var key: RowKey
    public var outcome: Outcome
    /// The row here, by column, before and after; nil: there is none.
    public var before: [String: String?]?
    public var after: [String: String?]?
    /// Why it would be set aside, in whole or in part; nil: it would not.
    public var setAside: String?
    /// What would be recorded of a conflict; nil: there would be none.
    public var conflict: Conflict?
    /// The sender's columns of which the row said nothing: they would be NULL.
    public var unsaid: [String]
}

/// A row as somebody makes one up: by the sender's columns, each as text; nil: NULL.
public struct SampleRow: Hashable, Sendable {
    public var values: [String: String?]
    /// Whether the row, where it is of a shared table, was changed here too since the sender had it last.
    public var isOpposed: Bool

    public init(_ values: [String: String?], isOpposed: Bool = false) {
        self.values = values
        self.isOpposed = isOpposed
    }
}

extension ReceiverStore {
    /// Says what would become of a row that came in a stream, and changes nothing: what triggers of the table here do besides
    /// is undone as well, but for what no transaction undoes (a number of a sequence).
    /// - Throws: ``StoreError``; `.table` where nothing is known of the sender's table, or the row has other columns, or others
    ///   are to share the table than share it now.
    /// - Parameter setup: what this office would do with the rows of others.
    public func rehearse(
        _ sample: SampleRow, of table: TableName, in stream: StreamID, by setup: OfficeSetup
    ) async throws(StoreError) -> Rehearsal {
        try await undoing("table \"\(table)\"") { (transaction) throws(StoreError) in
            let log = ConflictLog()
            let engine = ReceiverEngine(transaction, mapping: setup.mappingRules, noting: log)
            try engine.assume(setup, of: table, at: MappedSink.place(of: stream))
            return try engine.rehearse(sample, of: table, in: stream, noting: log)
        }
    }

    /// Says what becomes of the rows of a table that come in these streams, column by column, and changes nothing.
    /// - Returns: one for all streams in which it looks the same; none of those in which it has not come yet.
    /// - Throws: ``StoreError``, as ``rehearse(_:of:in:by:)``.
    public func rehearse(
        _ table: TableName, in streams: [StreamID], by setup: OfficeSetup
    ) async throws(StoreError) -> [TableRehearsal] {
        let alike = try await undoing("table \"\(table)\"") { (transaction) throws(StoreError) in
            try ReceiverEngine(transaction).alike(table, in: streams)
        }
        var rehearsals: [TableRehearsal] = []
        // Each for itself: nobody waits for all of them where a column is added and taken back.
        for streams in alike {
            rehearsals.append(
                try await undoing("table \"\(table)\"") { (transaction) throws(StoreError) in
                    let engine = ReceiverEngine(transaction, mapping: setup.mappingRules, noting: nil)
                    try engine.assume(setup, of: table, at: MappedSink.place(of: streams[0]))
                    return try engine.rehearse(table, in: streams)
                })
        }
        return rehearsals
    }

    private func undoing<Value: Sendable>(
        _ subject: String, _ body: @escaping @Sendable (any ReceiverTransaction) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result = UndoneResult<Value>()
        do throws(StoreError) {
            let _: Never = try await receiving("plan", subject) { (transaction) throws(StoreError) in
                result.value.withLock { $0 = nil }
                let value = try body(transaction)
                result.value.withLock { $0 = value }
                // So that all of it is undone.
                throw StoreError(.program, operation: "plan", subject: subject, reason: "it is undone")
            }
        } catch {
            guard let value = result.value.withLock({ $0 }) else { throw error }
            return value
        }
    }
}

private final class UndoneResult<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

/// The conflicts that an engine kept in one transaction.
final class ConflictLog: Sendable {
    private let conflicts = Mutex<[Conflict]>([])

    var last: Conflict? { conflicts.withLock { $0.last } }

    func note(_ kept: [Conflict]) { conflicts.withLock { $0 += kept } }
}

extension ReceiverEngine {
    /// Takes a table as this office would after an `init`, but for who shares it: that is begun there.
    func assume(_ setup: OfficeSetup, of table: TableName, at place: String) throws(StoreError) {
        let target = setup.mapped.first { $0.name == table }?.mapping.into ?? table
        var acceptance = setup.acceptance(of: target)
        if acceptance == nil, setup.acceptsNew, try computer.isMissingOrMade(target) { acceptance = .accepted }
        guard let acceptance else { return }
        let policy = try? books.policy(of: target).description
        var planned: String?
        if case .shared(let given) = acceptance { planned = given }
        guard planned == policy else {
            throw StoreError(
                .table, operation: "plan", subject: "table \"\(table)\"",
                reason:
                    "its configuration at \(place) is newer than the last init there: it would be \(planned.map { "shared (\($0))" } ?? "shared no more"), and is \(policy.map { "shared (\($0))" } ?? "not shared") now",
                hint: "run trunkline plan, which says what comes of that, or trunkline init")
        }
        if planned == nil { sink.assume(acceptance, of: target) }
    }

    /// - Precondition: the transaction is undone.
    func rehearse(
        _ sample: SampleRow, of table: TableName, in stream: StreamID, noting log: ConflictLog
    ) throws(StoreError) -> Rehearsal {
        let subject = "table \"\(table)\""
        guard let inbound = try books.lock(stream), let shape = try books.shapes(of: [table], stream)[table] else {
            throw StoreError(
                .table, operation: "plan", subject: subject,
                reason:
                    "no rows of it have come from \(stream.source == .head ? "the head" : stream.source.description) yet, so that its columns are not known here",
                hint: "they are with its first batch: trunkline sync there, with these services running")
        }
        let columns = shape.columns.map(\.name)
        let unknown = sample.values.keys.filter { !columns.contains($0) }.sorted()
        guard unknown.isEmpty, shape.key.allSatisfy({ sample.values[$0] != nil }) else {
            throw StoreError(
                .table, operation: "plan", subject: subject,
                reason: unknown.isEmpty
                    ? "the row has no value of the key (\(Self.list(shape.key)))"
                    : "\(Self.list(unknown)) \(unknown.count == 1 ? "is no column" : "are no columns") of it at \(stream.source)",
                hint: "its columns there are \(Self.list(columns))")
        }
        var header = TableHeader(
            name: table, key: shape.key, columns: shape.columns, rows: 1, rowBytes: 0, deletes: 0, deleteBytes: 0,
            allNew: false)
        header.conflict = try? books.policy(of: table).description
        let fields = columns.map { sample.values[$0] ?? nil }
        var rehearsal = Rehearsal(
            stream: stream, table: table, key: RowKey(shape.key.map { sample.values[$0] ?? nil }), outcome: .stored,
            unsaid: columns.filter { sample.values[$0] == nil })
        var line = ReceivedLine(table: header, isDelete: false, text: CopyText.line(fields)[...])
        if header.isShared { line = try stamped(line, sample, in: stream) }
        line.misfits = try misfits(sample, shape, of: table, stream)

        var groups = [LineGroup(line)]
        var failures = try takeUnfit(outOf: &groups, stream, asWhole: false)
        if !groups.isEmpty {
            let key = rehearsal.key
            (rehearsal.into, rehearsal.before) = try sink.ownRow(key, header, of: stream)
            if inbound.hasKeptRows { failures += try takeKept(outOf: &groups, stream) }
            let context = SharedContext(stream, inbound, isClockOff: inbound.clockAhead != nil)
            failures += try apply(groups, context, individually: false)
            sink.takeLeftOut(outOf: &failures)
            rehearsal.after = try sink.ownRow(key, header, of: stream).row
        }
        rehearsal.setAside = failures.last?.reason
        rehearsal.conflict = log.last
        let isChanged = rehearsal.after != rehearsal.before
        rehearsal.outcome =
            if let failure = failures.last {
                failure.line.isStoredInPart ? .inPart : .setAside
            } else if rehearsal.after == nil {
                .leftOut
            } else {
                isChanged ? .stored : .unchanged
            }
        return rehearsal
    }

    /// Somebody makes the row up. A key of another type does not travel; any other such value does, with a mark.
    /// - Returns: the columns that hold no value of their type.
    private func misfits(
        _ sample: SampleRow, _ shape: WireShape, of table: TableName, _ stream: StreamID
    ) throws(StoreError) -> [String: String] {
        var misfits: [String: String] = [:]
        for column in shape.columns {
            let value = sample.values[column.name] ?? nil
            guard value.map({ !CanonicalValue.mayHold(column.type, $0) }) ?? shape.key.contains(column.name) else {
                continue
            }
            guard shape.key.contains(column.name) else {
                misfits[column.name] = "text"
                continue
            }
            throw StoreError(
                .table, operation: "plan", subject: "table \"\(table)\"",
                reason:
                    "\(value.map { "\"\($0)\"" } ?? "NULL") is no key: column \"\(column.name)\" is \(column.type) at \(stream.source)",
                hint: "such a row does not travel; give a key of that type")
        }
        return misfits
    }

    private static func list(_ names: [String]) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }

    /// As the sender's next change of the row: made of the row as it is here, or of another one.
    private func stamped(
        _ line: ReceivedLine, _ sample: SampleRow, in stream: StreamID
    ) throws(StoreError) -> ReceivedLine {
        var version = RowVersion(clock: try books.wallClock(), office: stream.source)
        var base: RowBase?
        if stream.destination == .head {
            let state = try books.sharedRows(of: [line.key], line.table, stream.source)[0]
            let isThere = try sink.ownRow(line.key, line.table, of: stream).row != nil
            version.clock = max(version.clock, (state.version?.clock ?? 0) + 1)
            base = RowBase(
                version: sample.isOpposed ? RowVersion(clock: 0, office: stream.source) : state.version,
                wasAbsent: sample.isOpposed ? false : !isThere, since: version.clock)
        }
        return line.stamped(RowStamp(version: version, base: base))
    }
}
