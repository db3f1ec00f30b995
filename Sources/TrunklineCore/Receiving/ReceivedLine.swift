import FoundationEssentials

/// One row or delete of a batch, as it came: what a receiver stores, or keeps aside whole.
public struct ReceivedLine: Hashable, Sendable {
    private let shared: SharedHeader
    public var isDelete: Bool
    /// COPY text, with its newline.
    public var text: ArraySlice<UInt8>
    /// By column: the storage class (`text` or `blob`) of a value that does not fit its type.
    public var misfits: [String: String]
    /// Of a line that is set aside: whether all of it is stored but for columns that the receiver's table does not have.
    public var isStoredInPart = false
    /// Of such a line: whether it came in a recovery in which the sender's rows stand, so that what it replaces is kept.
    public var keepsImage = false

    public init(
        table: TableHeader, isDelete: Bool, text: ArraySlice<UInt8>, misfits: [String: String] = [:],
        isStoredInPart: Bool = false, keepsImage: Bool = false
    ) {
        self.init(SharedHeader(table), isDelete: isDelete, text: text, misfits: misfits)
        self.isStoredInPart = isStoredInPart
        self.keepsImage = keepsImage
    }

    init(_ shared: SharedHeader, isDelete: Bool, text: ArraySlice<UInt8>, misfits: [String: String] = [:]) {
        self.shared = shared
        self.isDelete = isDelete
        self.text = text
        self.misfits = misfits
    }

    /// The shape of its table; counts and misfits of the batch mean nothing here.
    public var table: TableHeader { shared.table }

    /// What is set aside of a table that takes no row at all: one line for all that came of it, and may come. When the
    /// table takes rows it is gone from the list, and the sender loads the table anew.
    public static func wholeTable(_ table: TableHeader) -> ReceivedLine {
        ReceivedLine(table: table, isDelete: false, text: [])
    }

    /// For people, where a row's values would stand.
    public static let allRows = "all rows"

    public var isWholeTable: Bool { text.isEmpty }

    /// The key as the sender wrote it; of a whole table, one that no row has.
    public var key: RowKey {
        guard !isWholeTable else { return isStoredInPart ? .wholeTableInPart : .wholeTable }
        let fields = CopyText.fields(text)
        guard !isDelete else { return RowKey(Array(fields.prefix(table.key.count))) }
        return RowKey(table.key.map { name in fields[table.columns.firstIndex { $0.name == name }!] })
    }

    /// Its shape alone, which it has in common with most of the rows of its table.
    public var shape: ReceivedLine {
        var shape = self
        (shape.isDelete, shape.text) = (false, [])
        return shape
    }

    /// Of a line of a shared table: its stamp, and the line without it; nil: it cannot be read.
    func withoutStamp() -> (stamp: RowStamp, line: ReceivedLine)? {
        guard let tab = text.lastIndex(of: CopyText.tab), let field = CopyText.bytes(text[(tab + 1)...].dropLast()),
            let stamp = try? JSONDecoder().decode(RowStamp.self, from: Data(field))
        else { return nil }
        var line = self
        line.text = (text[..<tab] + [CopyText.newline])[...]
        return (stamp, line)
    }

    /// Of a line of a shared table that is to wait: with the word that its sender's clock was off when it came.
    func notingClock() -> ReceivedLine {
        guard table.isShared, !isWholeTable, var (stamp, line) = withoutStamp() else { return self }
        stamp.clockWasOff = true
        line = line.stamped(stamp)
        return line
    }

    /// Of a line that has none: with this stamp.
    func stamped(_ stamp: RowStamp) -> ReceivedLine {
        // Numbers and texts: nothing that has no JSON.
        let stamp = try! JSONEncoder().encode(stamp)
        var line = self
        line.text = (text.dropLast() + [CopyText.tab] + CopyText.line([String(decoding: stamp, as: UTF8.self)]))[...]
        return line
    }

    /// What it says of the receiver's columns, in their order; of a delete, the key alone. A column may be written in
    /// other letters there.
    public func values(of columns: [String]) -> [String?] {
        guard !isWholeTable else {
            let first = columns.firstIndex { $0.lowercased() != TableMapping.branchColumn }
            return columns.indices.map { $0 == first ? ReceivedLine.allRows : nil }
        }
        let names = isDelete ? table.key : table.columns.map(\.name)
        let sent = Dictionary(
            zip(names.map { $0.lowercased() }, CopyText.fields(text)), uniquingKeysWith: { first, _ in first })
        return columns.map { $0 == "branch_id" ? nil : sent[$0.lowercased()] ?? nil }
    }
}

/// One for all lines of a group, of which there may be a hundred thousand.
final class SharedHeader: Hashable, Sendable {
    let table: TableHeader

    init(_ table: TableHeader) { self.table = table }

    static func == (a: SharedHeader, b: SharedHeader) -> Bool { a === b || a.table == b.table }

    func hash(into hasher: inout Hasher) { hasher.combine(table) }
}

/// A line that could not be stored, and why.
public struct LineFailure: Sendable {
    public var line: ReceivedLine
    public var reason: String
    /// The database's own code; nil when the receiver itself refused the line.
    public var code: String?
    /// Whether it lacks a row that it refers to, so that what comes later may mend it.
    public var lacksParent: Bool

    public init(line: ReceivedLine, reason: String, code: String? = nil, lacksParent: Bool = false) {
        self.line = line
        self.reason = ShortReason.text(reason)
        self.code = code
        self.lacksParent = lacksParent
    }

    /// Of many lines, for one reason, which is looked at once.
    static func all(_ lines: [ReceivedLine], reason: String) -> [LineFailure] {
        guard let first = lines.first else { return [] }
        var failure = LineFailure(line: first, reason: reason)
        return lines.map { line in
            failure.line = line
            return failure
        }
    }
}

/// Reasons are for people and travel in every ack: a sentence, never a value of 20 MB that a message quotes.
public enum ShortReason {
    /// In bytes of UTF-8.
    public static let limit = 300

    public static func text(_ reason: String) -> String {
        // PostgreSQL holds no NUL.
        let line = reason.prefix { $0 != "\n" }.replacing("\0", with: "·")
        guard line.utf8.count > limit else { return String(line) }
        var short = ""
        for character in line {
            guard short.utf8.count + character.utf8.count <= limit - 3 else { break }
            short.append(character)
        }
        return short + "…"
    }
}
