import FoundationEssentials

/// A received batch whose form was checked: the header, and where each table's lines are in the body.
public struct InboundBatch: Sendable {
    public internal(set) var header: BatchHeader
    /// The message's body as it arrived, for parking.
    public let message: [UInt8]
    /// Decompressed: the header line and all lines.
    public let body: [UInt8]
    /// By table, in the header's order.
    public let lines: [TableLines]

    /// Where a table's lines are in ``InboundBatch/body``.
    public struct TableLines: Hashable, Sendable {
        public var rows: Range<Int>
        public var deletes: Range<Int>
    }

    /// Decompresses and checks a body.
    ///
    /// After this, every row line has as many fields as its table has columns, every delete line as
    /// many as the key, all counts are true, and everything is UTF-8. Whether the values fit their
    /// columns is for the database to say, and so is what the columns are where a shape is only named.
    /// - Throws: ``WireError``.
    public init(message: [UInt8], limits: WireLimits = WireLimits()) throws(WireError) {
        guard message.count <= limits.messageBytes else {
            throw WireError(.tooLarge, "the message is \(message.count) bytes; the limit is \(limits.messageBytes)")
        }
        let body = try Zstd.decompress(message, limit: limits.bodyBytes)
        guard InboundBatch.isUTF8(body) else { throw WireError(.malformed, "the body is not UTF-8") }
        guard let end = body.prefix(limits.headerBytes).firstIndex(of: CopyText.newline) else {
            throw WireError(.malformed, "the body has no header line of at most \(limits.headerBytes) bytes")
        }
        let header = try BatchHeader(line: body[..<end], limits: limits)
        self.header = header
        self.message = message
        self.body = body
        self.lines = try InboundBatch.locate(header, in: body, from: end + 1, limits)
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        (try? UTF8Span(validating: bytes.span)) != nil
    }

    private static func locate(
        _ header: BatchHeader, in body: [UInt8], from start: Int, _ limits: WireLimits
    ) throws(WireError) -> [TableLines] {
        var position = start
        var lines = header.tables.map { _ in TableLines(rows: 0..<0, deletes: 0..<0) }
        for (index, table) in header.tables.enumerated() {
            let found = try section(
                of: table.rowBytes, lines: table.rows, fields: table.rowFields, at: &position, in: body,
                what: "rows of table \"\(table.name)\"")
            lines[index].rows = found.range
            guard found.longest > limits.keyBytes else { continue }
            try checkKeys(body[found.range], of: Set(table.keyFields), table.name, limits)
        }
        for (index, table) in header.tables.enumerated().reversed() {
            let found = try section(
                of: table.deleteBytes, lines: table.deletes, fields: table.deleteFields, at: &position, in: body,
                what: "deletes of table \"\(table.name)\"")
            lines[index].deletes = found.range
            guard found.longest > limits.keyBytes else { continue }
            try checkKeys(body[found.range], of: Set(table.keyFields.indices), table.name, limits)
        }
        guard position == body.count else {
            throw WireError(.malformed, "\(body.count - position) bytes follow the last line that the header counts")
        }
        return lines
    }

    private static func checkKeys(
        _ lines: ArraySlice<UInt8>, of key: Set<Int>, _ table: TableName, _ limits: WireLimits
    ) throws(WireError) {
        var rest = lines
        while let end = rest.firstIndex(of: CopyText.newline) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            guard line.count > limits.keyBytes else { continue }
            let fields = line.split(separator: CopyText.tab, omittingEmptySubsequences: false)
            let bytes = fields.enumerated().reduce(0) { key.contains($1.offset) ? $0 + $1.element.count : $0 }
            guard bytes <= limits.keyBytes else {
                throw WireError(
                    .tooLarge, "a key of table \"\(table)\" is \(bytes) bytes; the limit is \(limits.keyBytes)")
            }
        }
    }

    private static func section(
        of bytes: Int, lines: Int, fields: Int, at position: inout Int, in body: [UInt8], what: String
    ) throws(WireError) -> (range: Range<Int>, longest: Int) {
        guard bytes <= body.count - position else {
            throw WireError(.malformed, "the \(what) end after the body")
        }
        let range = position..<(position + bytes)
        var found = 0
        var longest = 0
        var start = position
        var tabs = 0
        var wrongLine = false
        var hasNUL = false
        var isEscaped = false
        var isMisescaped = false
        body.withUnsafeBufferPointer { buffer in
            for index in range {
                let byte = buffer[index]
                if isEscaped {
                    isEscaped = false
                    if !CopyText.isEscape(at: index, in: buffer) { isMisescaped = true }
                } else if byte == CopyText.backslash {
                    isEscaped = true
                }
                if byte == CopyText.tab {
                    tabs += 1
                } else if byte == CopyText.newline {
                    if tabs != fields - 1 { wrongLine = true }
                    tabs = 0
                    found += 1
                    longest = max(longest, index - start)
                    start = index + 1
                } else if byte == 0 {
                    hasNUL = true
                }
            }
        }
        let endsWithNewline = bytes == 0 || body[range.upperBound - 1] == CopyText.newline
        guard found == lines, endsWithNewline else {
            throw WireError(.malformed, "the header counts \(lines) \(what), the body has \(found)")
        }
        guard !hasNUL else { throw WireError(.malformed, "a raw NUL byte in the \(what)") }
        guard !isMisescaped else { throw WireError(.malformed, "an escape that is none in the \(what)") }
        guard !wrongLine else { throw WireError(.malformed, "a line of the \(what) does not have \(fields) fields") }
        position = range.upperBound
        return (range, longest)
    }
}

extension BatchHeader {
    /// Parses and checks the header line.
    init(line: ArraySlice<UInt8>, limits: WireLimits) throws(WireError) {
        try JSONDepth.check(line, limit: limits.jsonDepth, values: limits.jsonValues)
        let decoder = JSONDecoder()
        do {
            let version = try decoder.decode(VersionOnly.self, from: Data(line)).version
            guard BatchHeader.versions.contains(version) else {
                let known = "this program speaks version \(BatchHeader.versions.upperBound)"
                throw version > BatchHeader.versions.upperBound
                    ? WireError(.newer, "a batch of protocol version \(version), \(known); upgrade trunkline here")
                    : WireError(.malformed, "protocol version \(version); \(known)")
            }
            self = try decoder.decode(BatchHeader.self, from: Data(line))
        } catch let error as WireError {
            throw error
        } catch {
            throw WireError(.malformed, "the header is not the JSON that the protocol says")
        }
        try check(limits)
    }

    private func check(_ limits: WireLimits) throws(WireError) {
        guard number >= 1, (number == 1) == (previousID == nil) else {
            throw WireError(.malformed, "number and previous id do not fit together")
        }
        guard (0...RowVersion.maximalClock).contains(clock ?? 0) else {
            throw WireError(.malformed, "the sender's clock is out of range")
        }
        guard (-1...BatchHeader.maximalSetAsideVersion).contains(setAsideVersion ?? -1) else {
            throw WireError(.malformed, "the version of the list of set-aside rows is out of range")
        }
        guard tables.count <= limits.tables else {
            throw WireError(.tooLarge, "\(tables.count) tables; the limit is \(limits.tables)")
        }
        guard Set(tables.map(\.name)).count == tables.count else {
            throw WireError(.malformed, "a table is named twice")
        }
        guard (follows ?? []).count <= limits.epochs else {
            throw WireError(.tooLarge, "it replaces more than \(limits.epochs) epochs")
        }
        if let verification { try check(verification, limits) }
        var lines = 0
        var shared = 0
        var sharedBytes = 0
        for table in tables {
            try table.check(limits)
            lines += table.rows + table.deletes
            if table.isShared {
                shared += table.rows + table.deletes
                sharedBytes += table.rowBytes + table.deleteBytes
            }
            guard shared <= SharedLimit.lines else {
                throw WireError(.tooLarge, "more than \(SharedLimit.lines) lines of shared tables")
            }
            guard shared <= 1 || sharedBytes <= SharedLimit.batchBytes else {
                throw WireError(
                    .tooLarge, "several lines of shared tables, of more than \(SharedLimit.batchBytes) bytes")
            }
            guard lines <= limits.lines else { throw WireError(.tooLarge, "more than \(limits.lines) lines") }
        }
    }

    /// What is worth looking at at all; whether a table's claim fits together is said in the answer.
    private func check(_ claim: VerificationClaim, _ limits: WireLimits) throws(WireError) {
        guard (1...2).contains(claim.round) else { throw WireError(.malformed, "a claim is of no round that there is") }
        let names = claim.tables.map(\.name) + (claim.leftOut ?? []).map(\.name)
        guard names.count <= limits.tables, Set(names).count == names.count else {
            throw WireError(.malformed, "a claim names too many tables, or one twice")
        }
        let buckets = claim.tables.reduce(0) { $0 + min(max($1.bucketCount, 0), 1 << 20) }
        guard buckets <= 4 * VerificationLimit.buckets,
            claim.tables.reduce(0, { $0 + ($1.entries?.count ?? 0) }) <= limits.claimEntries
        else { throw WireError(.tooLarge, "a claim has more buckets or rows than a receiver looks into") }
        if let returns = claim.returns { try check(returns, limits) }
        for table in claim.tables {
            let names = table.columns.map(\.name) + table.columns.map(\.type) + table.key
            let texts = names + [table.name.name, table.name.schema ?? "-"]
            guard table.columns.count <= limits.columns,
                texts.allSatisfy({ (1...limits.nameBytes).contains($0.utf8.count) && !$0.utf8.contains(0) })
            else {
                throw WireError(.tooLarge, "a name in a claim is empty, over \(limits.nameBytes) bytes, or has a NUL")
            }
        }
    }

    private func check(_ returns: ReturnsClaim, _ limits: WireLimits) throws(WireError) {
        guard returns.tables.count <= limits.tables, Set(returns.tables.map(\.name)).count == returns.tables.count,
            returns.taken.count <= limits.returnedRows
        else { throw WireError(.malformed, "a claim wants rows of too many tables back, or of one twice") }
        for table in returns.tables { try table.header.check(limits) }
    }

    private struct VersionOnly: Decodable { var version: Int }
}
