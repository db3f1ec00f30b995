internal import GRDB
internal import TrunklineCore

/// Reads rows of one table by their keys, as lines of COPY text.
struct RowImages {
    struct Image {
        /// Whether there is a row; else the line is that of a delete.
        var isRow: Bool
        var misfits: [(column: String, storage: String)] = []
        /// Why it cannot travel.
        var problem: String?
    }

    private let shape: TableShape
    private let db: Database
    private let statement: Statement
    private let kinds: [WireKind]
    private let keyIndices: [Int]
    private let rowBytes: Int

    /// - Parameters:
    ///   - rowBytes: a row of more bytes than this cannot travel, and is not copied.
    ///   - scope: which rows there are, as SQL over the table under its own name.
    init(_ shape: TableShape, rowBytes: Int, scope: [String] = [], _ db: Database) throws {
        self.shape = shape
        self.rowBytes = rowBytes
        self.db = db
        kinds = shape.wireColumns.map { WireKind(wireType: $0.type) }
        keyIndices = shape.key.map { name in shape.columns.firstIndex { $0.name == name }! }
        // The key's own collation, so that its index serves; whether the row found is the very one is looked at after.
        let conditions =
            zip(shape.key, shape.keyCollations).map { column, collation in
                "\(TableName.quoted(column)) COLLATE \(TableName.quoted(collation)) IS ?"
            } + scope
        let columns = shape.columns.map { TableName.quoted($0.name) }
        statement = try db.makeStatement(
            sql: """
                SELECT \(columns.joined(separator: ", ")) FROM \(TableName.quoted(shape.name))
                WHERE \(conditions.joined(separator: " AND "))
                """)
    }

    /// Appends the row's line, or that of a delete when there is no row of exactly this key.
    func read(_ key: [SQLiteValue], into line: inout [UInt8]) throws -> Image {
        defer { statement.rewind() }
        for (index, value) in key.enumerated() { try value.bind(to: statement, at: index + 1) }
        do {
            while try statement.stepOnce(db) {
                guard zip(keyIndices, key).allSatisfy({ SQLiteValue(statement, column: $0) == $1 }) else { continue }
                guard bytes <= rowBytes else { return Image(isRow: true, problem: tooLong) }
                return row(into: &line)
            }
        } catch let error as DatabaseError where error.resultCode.primaryResultCode == .SQLITE_TOOBIG {
            // A value over the connection's limit, which SQLite did not read.
            return Image(isRow: true, problem: tooLong)
        }
        return delete(key, into: &line)
    }

    /// The key in canonical text.
    func rowKey(_ key: [SQLiteValue]) -> RowKey {
        RowKey(
            zip(keyIndices, key).map { index, value in
                var field: [UInt8] = []
                _ = value.withRaw { FieldWriter.append($0, as: kinds[index], to: &field) }
                return CopyText.value(field[...])
            })
    }

    /// Why a key cannot travel; nil when it can.
    func problem(ofKey key: [SQLiteValue]) -> String? {
        var line: [UInt8] = []
        return delete(key, into: &line).problem
    }

    private var tooLong: String { "the row is over the limit of \(rowBytes) bytes" }

    /// Of the texts and blobs of the row at hand; a blob travels as two digits a byte.
    private var bytes: Int {
        shape.columns.indices.reduce(0) { sum, index in
            RawValue.with(statement, column: index) { value in
                switch value {
                case .text(let bytes): sum + bytes.count
                case .blob(let bytes): sum + 2 * bytes.count
                case .null, .integer, .real: sum
                }
            }
        }
    }

    private func row(into line: inout [UInt8]) -> Image {
        var image = Image(isRow: true)
        for (index, column) in shape.columns.enumerated() {
            if index > 0 { line.append(UInt8(ascii: "\t")) }
            let isKey = keyIndices.contains(index)
            RawValue.with(statement, column: index) { value in
                if isKey, case .null = value { image.problem = RowImages.nullKey(column.name) }
                switch FieldWriter.append(value, as: kinds[index], to: &line) {
                case nil: break
                case .notUTF8: image.problem = "column \"\(column.name)\" holds text that is not UTF-8"
                case .text where isKey, .blob where isKey: image.problem = RowImages.misfitKey(column.name)
                case .text: image.misfits.append((column.name, "text"))
                case .blob: image.misfits.append((column.name, "blob"))
                }
            }
        }
        line.append(UInt8(ascii: "\n"))
        if line.count > WireLimits.sentKeyBytes, keyBytes > WireLimits.sentKeyBytes {
            image.problem = WireLimits.longKey
        }
        return image
    }

    private var keyBytes: Int {
        keyIndices.reduce(0) { sum, index in
            RawValue.with(statement, column: index) { value in
                var field: [UInt8] = []
                _ = FieldWriter.append(value, as: kinds[index], to: &field)
                return sum + field.count
            }
        }
    }

    /// Appends the line of a delete.
    func delete(_ key: [SQLiteValue], into line: inout [UInt8]) -> Image {
        var image = Image(isRow: false)
        let start = line.count
        for (position, value) in key.enumerated() {
            if position > 0 { line.append(UInt8(ascii: "\t")) }
            let misfit = value.withRaw { FieldWriter.append($0, as: kinds[keyIndices[position]], to: &line) }
            if value == .null { image.problem = RowImages.nullKey(shape.key[position]) }
            if misfit != nil { image.problem = RowImages.misfitKey(shape.key[position]) }
        }
        if line.count - start > WireLimits.sentKeyBytes { image.problem = WireLimits.longKey }
        line.append(UInt8(ascii: "\n"))
        return image
    }

    private static func nullKey(_ column: String) -> String { "the key's column \"\(column)\" is NULL" }

    private static func misfitKey(_ column: String) -> String {
        "the key's column \"\(column)\" holds a value of another type than it declares"
    }
}
