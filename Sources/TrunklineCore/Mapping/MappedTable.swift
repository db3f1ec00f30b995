/// A table of a sender, and the table here that its rows become: made once for each shape, never for a row.
struct MappedTable {
    /// As the lines have it that are stored.
    let local: TableHeader
    /// By the columns of the sender that are stored as they are: what they are called here.
    let kept: [String: String]
    let computation: RowComputation
    /// Whether its lines are stored byte by byte as they came: all fields of them, and none but these.
    let isPassing: Bool
    /// The fields of a line that are stored, by their index.
    private let fields: [Int]
    /// Behind them, the same for all rows, in COPY text.
    private let constants: [UInt8]

    enum Resolution {
        case mapped(MappedTable)
        case unfit(reason: String)
    }

    /// - Parameters:
    ///   - own: the columns of the table here; nil: there is none.
    ///   - place: of this office, for messages to people.
    ///   - comparing: whether only what is stored as it comes is wanted: nothing is computed, and columns of the sender may be
    ///     left out of the shape.
    static func resolve(
        _ table: TableHeader, _ mapping: RowMapping, own: [Column]?, at place: String, comparing: Bool = false
    ) -> Resolution {
        var unmet: [String: [String]] = [:]
        let mapping = mapping.chosen(among: table.columns.map(\.name), unmet: &unmet)
        let target = mapping.into ?? table.name
        func unfit(_ problem: String) -> Resolution {
            .unfit(reason: "table \"\(table.name)\" is mapped at \(place), and \(problem)")
        }
        guard !table.isShared else { return unfit("is shared there: a shared table is the same at all offices") }
        if !comparing, let (name, texts) = unmet.min(by: { $0.key < $1.key }) {
            return unfit("there is none of the columns \(texts.joined(separator: ", ")) to make \"\(name)\" of")
        }
        let sent = Set(table.columns.map(\.name))
        var renamed: [String: String] = [:]
        var values: [RowComputation.Value] = []
        var constants: [(column: Column, value: String?)] = []
        for (name, source) in mapping.columns.sorted(by: { $0.key < $1.key }) {
            if case .expression(let text) = source, sent.contains(text) {
                guard renamed.updateValue(name, forKey: text) == nil else {
                    return unfit(
                        "column \"\(text)\" would be two columns; give one of them an expression: \(text) || ''")
                }
                continue
            }
            guard !comparing else { continue }
            if case .lookup(let lookup) = source, !sent.contains(lookup.by) {
                return unfit("there is no column \"\(lookup.by)\" to look \"\(name)\" up by")
            }
            guard let own else {
                return .unfit(
                    reason:
                        "table \"\(target)\" does not exist at \(place); make it, since its column \"\(name)\" is computed"
                )
            }
            guard let column = own.first(where: { $0.name == name }) else {
                return .unfit(reason: "table \"\(target)\" has no column \"\(name)\" at \(place); add it")
            }
            if case .constant(let value) = source {
                constants.append((column, value))
            } else {
                values.append(RowComputation.Value(column: column, source: source))
            }
        }
        let made = Set(mapping.columns.keys)
        let leftOut = Set(mapping.leftOut)
        var columns: [Column] = []
        var fields: [Int] = []
        var kept: [String: String] = [:]
        for (index, column) in table.columns.enumerated() {
            let name = renamed[column.name] ?? column.name
            guard renamed[column.name] != nil || !leftOut.contains(name) && !made.contains(name) else { continue }
            columns.append(Column(name: name, type: column.type))
            fields.append(index)
            kept[column.name] = name
        }
        for name in table.key where kept[name] == nil {
            return unfit("column \"\(name)\" is of the key: it may have another name, and no other value")
        }
        columns += constants.map(\.column) + values.map(\.column)
        var local = table
        (local.name, local.columns, local.key, local.shape) = (target, columns, table.key.map { kept[$0]! }, nil)
        let computation = RowComputation(values: values, filter: comparing ? nil : mapping.filter)
        return .mapped(
            MappedTable(
                local: local, kept: kept, computation: computation,
                isPassing: computation.isEmpty && constants.isEmpty && fields.count == table.columns.count,
                fields: fields,
                constants: constants.reduce(into: []) { text, constant in
                    text.append(CopyText.tab)
                    CopyText.append(constant.value, to: &text)
                }))
    }

    /// A line as it is stored.
    /// - Parameter computed: fields with tabs between; empty: none.
    func line(_ line: ArraySlice<UInt8>, computed: ArraySlice<UInt8>) -> [UInt8] {
        let end = line.last == CopyText.newline ? line.endIndex - 1 : line.endIndex
        var text: [UInt8] = []
        text.reserveCapacity(line.count + constants.count + computed.count)
        // The fields that are stored are in the order of the line's.
        line[..<end].withUnsafeBufferPointer { bytes in
            var (start, index, next) = (0, 0, 0)
            while next < fields.count {
                let stop = bytes[start...].firstIndex(of: CopyText.tab) ?? bytes.endIndex
                if fields[next] == index {
                    if next > 0 { text.append(CopyText.tab) }
                    text += UnsafeBufferPointer(rebasing: bytes[start..<stop])
                    next += 1
                }
                guard stop < bytes.endIndex else { break }
                (start, index) = (stop + 1, index + 1)
            }
        }
        text += constants
        if !computation.values.isEmpty {
            text.append(CopyText.tab)
            text += computed
        }
        text.append(CopyText.newline)
        return text
    }

    /// With these columns of the sender alone, in their order; nil where one is not stored as it is.
    func local(of table: TableHeader) -> TableHeader? {
        var header = local
        var columns: [Column] = []
        for column in table.columns {
            guard let name = kept[column.name] else { return nil }
            columns.append(Column(name: name, type: column.type))
        }
        header.columns = columns
        return header
    }

    /// The columns of the sender that are not stored as they are.
    func missing(of table: TableHeader) -> [String] { table.columns.map(\.name).filter { kept[$0] == nil } }
}
