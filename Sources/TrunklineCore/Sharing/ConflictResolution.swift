/// Puts somebody's decision over a conflict in force, within one transaction at the head.
struct ConflictResolution {
    let books: any SharedBooks
    let sink: any RowSink

    func run(_ id: Int64, _ choice: ConflictChoice, anyway: Bool) throws(StoreError) {
        guard let record = try books.lockConflict(id) else {
            throw refusal(.configuration, id, "there is none", "list them: trunkline conflicts")
        }
        if let resolved = record.resolvedAt {
            throw refusal(
                .configuration, id, "it was decided over at \(resolved): \(record.resolution ?? "")",
                "change the row at the head")
        }
        let conflict = record.conflict
        // Where the head's row stands, it stays as it is, whatever became of it since.
        let stands = conflict.outcome == .head || conflict.outcome == .waiting
        if choice != .head || !stands { try store(conflict, id, choice, anyway: anyway) }
        try books.noteResolved(id, choice.description)
    }

    func changeSince(_ conflict: Conflict) throws(StoreError) -> ChangeSinceConflict? {
        let stream = StreamID(from: conflict.branch, to: .head)
        guard let table = try? books.header(of: conflict.table),
            case .fits = try sink.fit(table, of: stream, for: .storing)
        else { return nil }
        let present = try present(conflict, table, stream)
        guard try isChanged(present, since: conflict, table) else { return nil }
        return ChangeSinceConflict(
            image: present.map { row in
                Dictionary(
                    zip(table.columns.map(\.name), CopyText.fields(row.text)), uniquingKeysWith: { first, _ in first })
            })
    }

    private func present(
        _ conflict: Conflict, _ table: TableHeader, _ stream: StreamID
    ) throws(StoreError) -> ReceivedLine? {
        let found = try sink.rows(
            of: [conflict.key], table, of: stream, ReadLimits(batchBytes: .max, rowBytes: ReturnLimit.rowBytes))
        guard case .line(let line)? = found.rows.first?.content else { return nil }
        return line
    }

    private func store(_ conflict: Conflict, _ id: Int64, _ choice: ConflictChoice, anyway: Bool) throws(StoreError) {
        let table = try books.header(of: conflict.table)
        let stream = StreamID(from: conflict.branch, to: .head)
        guard case .fits = try sink.fit(table, of: stream, for: .storing) else {
            throw refusal(
                .table, id, "table \"\(conflict.table)\" does not take the row any more", "look at trunkline status")
        }
        // A program that changes it just now goes first.
        guard try sink.lock([conflict.key], table, of: stream).isEmpty else {
            throw refusal(.table, id, "another session has the row locked", "try again")
        }
        let present = try present(conflict, table, stream)
        if !anyway, try isChanged(present, since: conflict, table) {
            throw refusal(
                .configuration, id, "the row was changed since",
                "look at it: trunkline conflicts show \(id); then add --anyway")
        }
        guard let line = try line(conflict, id, choice, table, present) else { return }
        if let failure = try sink.apply([LineGroup(line)], of: stream, individually: true).first {
            throw refusal(.table, id, "the row cannot be stored: \(failure.reason)", "mend that, or decide otherwise")
        }
        if case .set(let values) = choice { try checkHeld(values, conflict, id, table, stream) }
    }

    /// PostgreSQL rounds a number without a word, and SQLite holds what is no value of the column's type.
    private func checkHeld(
        _ values: [String: String?], _ conflict: Conflict, _ id: Int64, _ table: TableHeader, _ stream: StreamID
    ) throws(StoreError) {
        guard let line = try present(conflict, table, stream) else { return }
        for (column, held) in zip(table.columns, CopyText.fields(line.text)) {
            guard case let wanted?? = values[column.name], let held else { continue }
            guard line.misfits[column.name] == nil else {
                throw refusal(
                    .configuration, id, "column \(column.name) is \(column.type)", "give a value of that type")
            }
            let form = ValueForm(column.type)
            guard form == .canonical(.number), !form.isSame(wanted, held) else { continue }
            throw refusal(
                .configuration, id, "column \(column.name) would hold \(held)", "give a value that it holds as it is")
        }
    }

    /// Nil: there is nothing to do.
    private func line(
        _ conflict: Conflict, _ id: Int64, _ choice: ConflictChoice, _ table: TableHeader, _ present: ReceivedLine?
    ) throws(StoreError) -> ReceivedLine? {
        switch choice {
        case .head: return line(of: conflict.headImage, conflict.headMisfits, conflict, table, present)
        case .branch: return line(of: conflict.branchImage, conflict.branchMisfits, conflict, table, present)
        case .set(let values):
            let unknown = values.keys.sorted().filter { name in !table.columns.contains { $0.name == name } }
            guard unknown.isEmpty else {
                let names = table.columns.map(\.name).joined(separator: ", ")
                throw refusal(
                    .configuration, id, "table \"\(conflict.table)\" has no column \(unknown.joined(separator: ", "))",
                    "it has \(names)")
            }
            guard Set(values.keys).isDisjoint(with: table.key) else {
                throw refusal(.configuration, id, "the key cannot be set", "change it at the head")
            }
            guard let present else {
                throw refusal(.configuration, id, "there is no row at the head", "take the branch's: --pick branch")
            }
            let own = CopyText.fields(present.text)
            let merged = table.columns.enumerated().map { index, column in values[column.name] ?? own[index] }
            return ReceivedLine(
                table: table, isDelete: false, text: CopyText.line(merged)[...],
                misfits: present.misfits.filter { values[$0.key] == nil })
        }
    }

    /// One of the two images; where both had a row, in what they differed, and the rest stays.
    /// - Returns: nil where there is no row, and is to be none.
    private func line(
        of image: [String: String?]?, _ misfits: [String: String]?, _ conflict: Conflict, _ table: TableHeader,
        _ present: ReceivedLine?
    ) -> ReceivedLine? {
        guard let image else {
            guard present != nil else { return nil }
            return ReceivedLine(table: table, isDelete: true, text: CopyText.line(conflict.key.values)[...])
        }
        let own = present.map { CopyText.fields($0.text) }
        var misfitsOfBoth: [String: String] = [:]
        let values = table.columns.enumerated().map { index, column -> String? in
            guard let present, let own, conflict.hasBothImages, !conflict.columns.contains(column.name) else {
                misfitsOfBoth[column.name] = misfits?[column.name]
                return image[column.name] ?? nil
            }
            misfitsOfBoth[column.name] = present.misfits[column.name]
            return own[index]
        }
        return ReceivedLine(
            table: table, isDelete: false, text: CopyText.line(values)[...], misfits: misfitsOfBoth)
    }

    private func isChanged(
        _ present: ReceivedLine?, since conflict: Conflict, _ table: TableHeader
    ) throws(StoreError) -> Bool {
        guard !isOneOfBoth(present, conflict, table) else { return false }
        // What was merged is neither's.
        guard let left = conflict.resultVersion else { return true }
        return try books.sharedRows(of: [conflict.key], table, conflict.branch).first?.version != left
    }

    /// In what they differed; where one of them had no row, in everything.
    private func isOneOfBoth(_ present: ReceivedLine?, _ conflict: Conflict, _ table: TableHeader) -> Bool {
        let own = present.map { CopyText.fields($0.text) }
        let columns = table.columns.enumerated().filter {
            !conflict.hasBothImages || conflict.columns.contains($1.name)
        }
        let merge = ColumnMerge(columns.map { MergedColumn($0.element) })
        return [conflict.headImage, conflict.branchImage].contains { image in
            guard let image, let own else { return image == nil && own == nil }
            return merge.isSame(
                columns.map { image[$0.element.name] ?? nil }, columns.map { own[$0.offset] })
        }
    }

    private func refusal(_ code: StoreError.Code, _ id: Int64, _ reason: String, _ hint: String) -> StoreError {
        StoreError(code, operation: "resolve", subject: "conflict \(id)", reason: reason, hint: hint)
    }
}
