extension MappedSink {
    func apply(_ groups: [LineGroup], of stream: StreamID, individually: Bool) throws(StoreError) -> [LineFailure] {
        var failures: [LineFailure] = []
        var rows: [LineGroup] = []
        var deletes: [LineGroup] = []
        var dropped: [LineGroup] = []
        var origins: [TableName: MappedGroup] = [:]
        leftOut = [:]
        for group in groups {
            guard let mapped = try mapped(group.table, stream) else {
                if group.isDelete { deletes.append(group) } else { rows.append(group) }
                continue
            }
            let outcome = try map(group, mapped, stream)
            failures += outcome.failures
            if !outcome.stored.bytes.isEmpty {
                if group.isDelete { deletes.append(outcome.stored) } else { rows.append(outcome.stored) }
            }
            if !outcome.dropped.bytes.isEmpty { dropped.append(outcome.dropped) }
            origins[mapped.local.name, default: MappedGroup()].lines.append(group)
        }
        // Rows in their order, deletes in the reverse one, as they came.
        let stored = try base.apply(rows + dropped.reversed() + deletes, of: stream, individually: individually)
        guard !stored.isEmpty, !origins.isEmpty else { return failures + stored }
        return failures
            + stored.map { failure in
                var failure = failure
                if let original = origins[failure.line.table.name]?.original(of: failure.line) {
                    failure.line = original
                }
                return failure
            }
    }

    /// Nothing is stored of a row that the filter leaves out, so that it lacks no column.
    func takeLeftOut(outOf failures: inout [LineFailure]) {
        guard !leftOut.isEmpty else { return }
        failures.removeAll { failure in
            let line = failure.line
            return line.isStoredInPart && !line.isWholeTable && leftOut[line.table.name]?.contains(line.key) == true
        }
    }

    /// The lines of a table as they came, to name those that could not be stored.
    private struct MappedGroup {
        var lines: [LineGroup] = []
        var byKey: [Bool: [RowKey: ReceivedLine]]?

        /// A row that is dropped is a delete here, and a row there.
        mutating func original(of line: ReceivedLine) -> ReceivedLine? {
            if byKey == nil {
                var found: [Bool: [RowKey: ReceivedLine]] = [:]
                for line in lines.flatMap(\.lines) { found[line.isDelete, default: [:]][line.key] = line }
                byKey = found
            }
            return byKey?[line.isDelete]?[line.key] ?? byKey?[!line.isDelete]?[line.key]
        }
    }

    struct Outcome {
        var stored: LineGroup
        /// Deletes of rows that the filter leaves out.
        var dropped: LineGroup
        var failures: [LineFailure] = []
    }

    func map(_ group: LineGroup, _ mapped: MappedTable, _ stream: StreamID) throws(StoreError) -> Outcome {
        var header = mapped.local
        header.allNew = group.table.allNew
        var outcome = Outcome(
            stored: LineGroup(table: header, isDelete: group.isDelete, bytes: group.bytes),
            dropped: LineGroup(table: header, isDelete: true, bytes: []))
        guard !group.isDelete else { return outcome }
        guard !mapped.isPassing else {
            outcome.stored.misfits = group.misfits.mapValues { MappedSink.renamed($0, mapped) }
            return outcome
        }
        let lines = group.lines
        let computed =
            mapped.computation.isEmpty
            ? nil : try compute(mapped.computation, of: group, in: stream)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(group.bytes.count)
        var count = 0
        for (index, line) in lines.enumerated() {
            // A database would make something else of it first.
            if !line.misfits.isEmpty,
                let column = line.misfits.keys.sorted().first(where: mapped.computation.mayUse)
            {
                let type = group.table.columns.first { $0.name == column }?.type ?? ""
                let reason =
                    "column \"\(column)\" holds a value that is none of its type \(type), which SQLite allows, and something is computed of it; correct it at \(stream.source == .head ? "the head" : "the branch")"
                outcome.failures.append(LineFailure(line: line, reason: reason))
                continue
            }
            switch computed?[index] ?? .values([]) {
            case .values(let fields):
                bytes += mapped.line(line.text, computed: fields)
                let misfits = MappedSink.renamed(line.misfits, mapped)
                if !misfits.isEmpty { outcome.stored.misfits[count] = misfits }
                count += 1
            case .leftOut:
                outcome.dropped.bytes += CopyText.line(line.key.values)
                leftOut[line.table.name, default: []].insert(line.key)
            case .failed(let reason, let lacksParent):
                outcome.failures.append(
                    LineFailure(line: line, reason: reason, lacksParent: lacksParent))
            }
        }
        outcome.stored.bytes = bytes[...]
        return outcome
    }

    private func compute(
        _ computation: RowComputation, of group: LineGroup, in stream: StreamID
    ) throws(StoreError) -> [ComputedRow] {
        var budget = budgets[group.table.name] ?? ComputingBudget(base.computingPatience)
        budget.begin()
        defer {
            budget.end()
            budgets[group.table.name] = budget
        }
        return try base.compute(computation, of: group, in: stream, within: &budget)
    }

    private static func renamed(_ misfits: [String: String], _ mapped: MappedTable) -> [String: String] {
        guard !misfits.isEmpty else { return [:] }
        return Dictionary(
            misfits.compactMap { name, storage in mapped.kept[name].map { ($0, storage) } },
            uniquingKeysWith: { first, _ in first })
    }
}
