/// A sink whose tables look otherwise than those of the senders, as this office's configuration maps them.
///
/// Whoever uses it speaks of the sender's tables and lines; what is below it knows only this office's own.
final class MappedSink: RowSink {
    let base: any RowSink & RowComputer
    private var known: MappingRules?
    private var resolved: [TableHeader: MappedTable.Resolution] = [:]
    /// Why tables do not get columns that they are to have.
    private var unaddable: [TableHeader: String] = [:]
    /// Tables that are stored without some of their columns, which the tables here do not have.
    private var partly: [TableHeader: MappedTable] = [:]
    /// Of each table, in this transaction.
    var budgets: [TableName: ComputingBudget] = [:]
    private let adding: ColumnAdding?
    /// The rows of the last ``apply(_:of:individually:)`` that the filter of their table left out.
    var leftOut: [TableName: Set<RowKey>] = [:]

    /// - Parameters:
    ///   - rules: in the place of those that the bookkeeping has; nil: these.
    ///   - adding: where columns are added first; nil: in this transaction.
    init(_ base: any RowSink & RowComputer, _ rules: MappingRules? = nil, adding: ColumnAdding? = nil) {
        self.base = base
        self.adding = adding
        known = rules.map(canonical)
    }

    /// By the names that tables have here.
    private func canonical(_ rules: MappingRules) -> MappingRules {
        var rules = rules
        rules.tables = Dictionary(
            rules.tables.map { name, mapping in
                (base.canonical(name), mapping)
            }, uniquingKeysWith: { first, _ in first })
        return rules
    }

    func mapping(of table: TableName) throws(StoreError) -> RowMapping? {
        try rules().tables[base.canonical(table)]
    }

    func rules() throws(StoreError) -> MappingRules {
        if let known { return known }
        let rules = canonical(try base.mappingRules())
        known = rules
        return rules
    }

    /// What a table becomes here; nil: it is as it is there.
    private func resolve(_ table: TableHeader, _ stream: StreamID) throws(StoreError) -> MappedTable.Resolution? {
        let mappings = try rules().tables
        guard !mappings.isEmpty else { return nil }
        let place = MappedSink.place(of: stream)
        let name = base.canonical(table.name)
        guard let mapping = mappings[name] else {
            // Its rows would be among those that are made of another table's.
            guard let other = mappings.first(where: { $0.value.into.map(base.canonical) == name }) else { return nil }
            return .unfit(
                reason:
                    "table \"\(table.name)\" takes the rows of \"\(other.key)\" at \(place), and no others; rename it there, or map it too"
            )
        }
        guard !mapping.isPlain else { return nil }
        let shape = table.ofNoBatch
        if let resolution = resolved[shape] { return resolution }
        let own = try base.columns(of: mapping.into ?? table.name)
        let resolution = MappedTable.resolve(shape, mapping, own: own, at: place)
        resolved[shape] = resolution
        return resolution
    }

    func assume(_ acceptance: TableAcceptance, of table: TableName) { base.assume(acceptance, of: table) }

    /// As ``resolve(_:_:)``, of a shape that need not have all columns of the sender.
    private func compared(_ table: TableHeader, _ stream: StreamID) throws(StoreError) -> MappedTable.Resolution? {
        guard let mapping = try mapping(of: table.name), !mapping.isPlain else { return try resolve(table, stream) }
        return MappedTable.resolve(
            table, mapping, own: try base.columns(of: mapping.into ?? table.name), at: MappedSink.place(of: stream),
            comparing: true)
    }

    /// What is read of rows here; nil: they are as they came.
    /// - Precondition: the table fits for comparing.
    private func readable(_ table: TableHeader, _ stream: StreamID) throws(StoreError) -> MappedTable? {
        if let partial = partly[table.ofNoBatch] { return partial }
        if case .mapped(let mapped)? = try compared(table, stream) { return mapped }
        return nil
    }

    static func place(of stream: StreamID) -> String { stream.destination == .head ? "the head" : "the branch" }

    func mapped(_ table: TableHeader, _ stream: StreamID) throws(StoreError) -> MappedTable? {
        if let partial = partly[table.ofNoBatch] { return partial }
        switch try resolve(table, stream) {
        case nil: return nil
        case .mapped(let mapped)?: return mapped
        case .unfit?:
            throw StoreError(
                .program, operation: "store rows", subject: "table \"\(table.name)\"",
                reason: "its fitness was not looked at")
        }
    }

    func fit(_ table: TableHeader, of stream: StreamID, for use: TableUse) throws(StoreError) -> TableFit {
        let mapped: MappedTable?
        switch try use == .comparing ? compared(table, stream) : resolve(table, stream) {
        case nil: mapped = nil
        case .unfit(let reason)?: return .unfit(reason: reason)
        case .mapped(let resolved)?: mapped = resolved
        }
        let fit = try self.fit(table, mapped, of: stream, for: use)
        guard case .unfit = fit, !table.isShared else { return fit }
        return try self.fit(table, mapped, lackingColumns: fit, of: stream, for: use)
    }

    private func fit(
        _ table: TableHeader, _ mapped: MappedTable?, of stream: StreamID, for use: TableUse
    ) throws(StoreError) -> TableFit {
        guard let mapped else { return try base.fit(table, of: stream, for: use) }
        let fit = try base.fit(mapped.local, of: stream, for: use)
        switch fit {
        case .fits, .made, .unfit:
            // A column that the mapping names and the sender has not is the reason, not what is called otherwise for that.
            guard !mapped.computation.isEmpty, let problem = try base.problem(of: mapped.computation, over: table)
            else { return fit }
            return .unfit(reason: problem)
        case .missing, .refused, .partly: return fit
        }
    }

    /// What becomes of a table that does not fit, if that is for columns that the table here does not have.
    /// - Parameter unfit: what it is if not.
    private func fit(
        _ table: TableHeader, _ mapped: MappedTable?, lackingColumns unfit: TableFit, of stream: StreamID,
        for use: TableUse
    ) throws(StoreError) -> TableFit {
        let local = mapped?.local ?? table
        guard let missing = try base.missingColumns(of: local) else { return unfit }
        let names = Set(missing.columns.map(\.name))
        // What the mapping itself names is for a person.
        guard names.isSubset(of: table.columns.map(\.name)), names.isDisjoint(with: table.key) else { return unfit }
        let rules = try rules()
        let mapping = try mapping(of: table.name) ?? RowMapping()
        let place = MappedSink.place(of: stream)
        var without = mapping
        without.leftOut += missing.columns.map(\.name)
        let shape = table.ofNoBatch
        // What the table here computes itself is not kept for it.
        let wanted = missing.columns.filter { !missing.generated.contains($0.name) }
        // Nothing else may be wrong with it: a table that takes no row of this sender gets no column of it.
        guard
            case .mapped(let partial) = MappedTable.resolve(
                shape, without, own: try base.columns(of: local.name), at: place),
            try fit(table, partial, of: stream, for: use == .comparing ? .comparing : .storing) == .fits
        else { return unfit }
        guard !wanted.isEmpty else {
            partly[shape] = partial
            return .fits
        }
        switch mapping.newColumns ?? rules.newColumns
            ?? (missing.isMade ? .add : stream.destination == .head ? .keep : .refuse)
        {
        case .refuse:
            guard case .unfit(let reason) = unfit else { return unfit }
            return .unfit(reason: "\(reason): \(missing.statement)")
        case .add:
            if let reason = unaddable[shape] {
                partly[shape] = partial
                return .partly(reason: reason)
            }
            guard use == .making || use == .extending else { return unfit }
            let reason: String?
            if let adding {
                reason = try adding.add(wanted, to: local.name)
            } else {
                reason = try base.add(wanted, to: local.name)
            }
            guard let reason else { return try fit(table, of: stream, for: use) }
            unaddable[shape] = reason
            partly[shape] = partial
            return .partly(reason: reason)
        case .keep:
            partly[shape] = partial
            let list =
                wanted.count > 2
                ? "\(wanted.count) columns, kept until table \"\(local.name)\" has them"
                : wanted.map { "\"\($0.name)\"" }.joined(separator: " and ")
                    + ", kept until table \"\(local.name)\" has \(wanted.count == 1 ? "it" : "them")"
            return .partly(reason: "stored without \(list) at \(place): \(missing.statement)")
        }
    }

    /// In what a table of the sender differs from the one here; nil: there is none here.
    func difference(of table: TableHeader, _ stream: StreamID) throws(StoreError) -> TableDifference? {
        var mapped = partly[table.ofNoBatch]
        if mapped == nil, case .mapped(let resolved)? = try resolve(table, stream) { mapped = resolved }
        let local = mapped?.local ?? table
        guard let own = try base.columns(taking: local, of: stream) else { return nil }
        let here = Dictionary(own.map { ($0.name.lowercased(), $0.type) }, uniquingKeysWith: { first, _ in first })
        var difference = TableDifference(name: table.name, notStored: [], notSent: [])
        for column in table.columns {
            let name = mapped.map { $0.kept[column.name] } ?? column.name
            guard let name, let type = here[name.lowercased()] else {
                difference.notStored.append(column.name)
                continue
            }
            guard TableDifference.differ(column.type, type) else { continue }
            difference.types.append(TableDifference.TypePair(column: column.name, sent: column.type, stored: type))
        }
        // One of the sender's that is left out is among those that are not stored.
        let filled = Set((local.columns + table.columns).map { $0.name.lowercased() })
        difference.notSent = own.map(\.name).filter { name in
            !filled.contains(name.lowercased()) && name.lowercased() != TableMapping.branchColumn
        }
        return difference
    }

    func keepImages(replacedBy groups: [LineGroup], of stream: StreamID) throws(StoreError) {
        var own: [LineGroup] = []
        for group in groups {
            guard let mapped = try mapped(group.table, stream) else {
                own.append(group)
                continue
            }
            let outcome = try map(group, mapped, stream)
            own += [outcome.stored, outcome.dropped].filter { !$0.bytes.isEmpty }
        }
        try base.keepImages(replacedBy: own, of: stream)
    }

    /// Whether the rows here can be compared with the sender's, in the columns that both have.
    func isComparable(_ table: TableHeader, of stream: StreamID) throws(StoreError) -> Bool {
        guard try mapping(of: table.name)?.filter == nil else { return false }
        return try fit(table, of: stream, for: .comparing) == .fits
    }

    func scan(
        _ table: TableHeader, of stream: StreamID, into digester: inout RowDigester
    ) throws(StoreError) -> String? {
        if try mapping(of: table.name)?.filter != nil {
            return "where: leaves rows of it out at \(MappedSink.place(of: stream))"
        }
        guard let mapped = try readable(table, stream) else {
            return try base.scan(table, of: stream, into: &digester)
        }
        guard let local = mapped.local(of: table) else { return MappedSink.problem(mapped.missing(of: table)) }
        return try base.scan(local, of: stream, into: &digester)
    }

    private static func problem(_ columns: [String]) -> String {
        let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        return columns.count == 1
            ? "its column \(names) is not stored here as it is" : "its columns \(names) are not stored here as they are"
    }

    func rows(
        of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits
    ) throws(StoreError) -> FoundRows {
        guard let mapped = try mapped(table, stream) else {
            var found = try base.rows(of: keys, table, of: stream, limits)
            if table.isShared { found.rows.removeAll { !$0.isNamed(keys[$0.index], in: table) } }
            return found
        }
        guard let local = mapped.local(of: table) else {
            let problem = FoundRows.Content.problem(MappedSink.problem(mapped.missing(of: table)))
            return FoundRows(
                rows: keys.indices.map { FoundRows.Row(index: $0, content: problem) }, considered: keys.count)
        }
        var found = try base.rows(of: keys, local, of: stream, limits)
        for index in found.rows.indices {
            guard case .line(let line) = found.rows[index].content else { continue }
            found.rows[index].content = .line(
                ReceivedLine(table: table, isDelete: false, text: line.text, misfits: line.misfits))
        }
        return found
    }

    /// The row here of a key of the sender's, with all columns of this office's table, and the name of that.
    /// - Precondition: the table fits.
    func ownRow(
        _ key: RowKey, _ table: TableHeader, of stream: StreamID
    ) throws(StoreError) -> (table: TableName, row: [String: String?]?) {
        var header = try mapped(table, stream)?.local ?? table
        guard let own = try base.columns(taking: header, of: stream) else { return (header.name, nil) }
        let additions = TableMapping(header, of: stream).additions
        header.columns = own.filter { column in !additions.contains { $0.column == column.name.lowercased() } }
        if case .unfit(let reason) = try base.fit(header, of: stream, for: .comparing) {
            throw MappedSink.unreadable(header, reason)
        }
        let found = try base.rows(of: [key], header, of: stream, ReadLimits(batchBytes: .max, rowBytes: .max))
        switch found.rows.first?.content {
        case .line(let line)?:
            var row: [String: String?] = [:]
            for addition in additions { row[addition.column] = addition.value(in: stream) }
            for (column, value) in zip(header.columns, CopyText.fields(line.text)) { row[column.name] = .some(value) }
            return (header.name, row)
        case .problem(let problem)?: throw MappedSink.unreadable(header, problem)
        case nil: return (header.name, nil)
        }
    }

    private static func unreadable(_ table: TableHeader, _ reason: String) -> StoreError {
        StoreError(.table, operation: "read a row", subject: "table \"\(table.name)\"", reason: reason)
    }

    func lock(_ keys: [RowKey], _ table: TableHeader, of stream: StreamID) throws(StoreError) -> Set<Int> {
        try base.lock(keys, try mapped(table, stream)?.local ?? table, of: stream)
    }

    func highestKey(_ table: TableHeader, named name: TableName, of stream: StreamID) throws(StoreError) -> Int64? {
        try base.highestKey(try readable(table, stream)?.local ?? table, named: name, of: stream)
    }
}
