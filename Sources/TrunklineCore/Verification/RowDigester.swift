internal import Crypto

/// Digests the rows of one table, in any order, into buckets by key.
///
/// Both sides use the sender's columns and types, so that they hash the same text.
public struct RowDigester: Sendable {
    public private(set) var rows = 0
    public private(set) var buckets: [BucketDigest]
    /// The rows of the covered buckets (round 2).
    public private(set) var entries: [TableClaim.RowEntry] = []

    /// The bucket of each entry, and the bytes of its key.
    private var places: [(bucket: Int, keyBytes: Int)] = []
    private var keyBytes = 0

    private let keyIndices: [Int]
    private let rules: [CanonicalValue.Rule]
    private var covered: Set<Int>
    private let leftOut: Set<String>
    private var row: [UInt8] = []

    /// - Parameters:
    ///   - bucketCount: a power of two.
    ///   - covered: the buckets whose rows are kept as ``entries``.
    ///   - leftOut: rows that do not count, by ``RowKey/description``.
    public init(
        columns: [Column], key: [String], bucketCount: Int, covered: Set<Int> = [], leavingOut leftOut: Set<String> = []
    ) {
        precondition(bucketCount > 0 && bucketCount & (bucketCount - 1) == 0, "bucketCount is not a power of two")
        buckets = Array(repeating: BucketDigest(), count: bucketCount)
        keyIndices = key.map { name in columns.firstIndex { $0.name == name }! }
        rules = columns.map { CanonicalValue.rule(for: $0.type) }
        self.covered = covered
        self.leftOut = leftOut
    }

    /// Adds a row: its COPY text line, the fields in the columns' order.
    public mutating func add(line: ArraySlice<UInt8>) {
        var line = line
        if line.last == CopyText.newline { line.removeLast() }
        let fields = line.split(separator: CopyText.tab, omittingEmptySubsequences: false)
        precondition(fields.count == rules.count, "a row line does not have the table's columns")
        row.removeAll(keepingCapacity: true)
        for (field, rule) in zip(fields, rules) {
            if field.count == 2, field.elementsEqual([CopyText.backslash, UInt8(ascii: "N")]) {
                row += field
            } else if case .asIs = rule {
                row += field
            } else if case .number = rule, CanonicalValue.isBeyondComparison(field) {
                row += [CopyText.backslash, UInt8(ascii: "N")]
            } else {
                row += CanonicalValue.apply(rule, to: field)
            }
            row.append(CopyText.tab)
        }
        let keyFields = keyIndices.map { CanonicalValue.apply(rules[$0], to: fields[$0]) }
        if !leftOut.isEmpty, leftOut.contains(RowDigester.key(keyFields).description) { return }
        let keyText = Array(keyFields.joined(separator: [CopyText.tab]))
        let bucket = Int(RowDigester.words(SHA256.hash(data: keyText)).0 & UInt64(buckets.count - 1))
        let (low, high) = RowDigester.words(SHA256.hash(data: row))
        rows += 1
        buckets[bucket].add(low: low, high: high)
        guard covered.contains(bucket) else { return }
        keyBytes += keyText.count
        entries.append(TableClaim.RowEntry(key: RowDigester.key(keyFields), hash: low))
        places.append((bucket, keyText.count))
        while entries.count > 2 * VerificationLimit.entries || keyBytes > 2 * VerificationLimit.keyBytes { coverLess() }
    }

    /// Of the buckets that were to be covered those that still are: some had more rows, or longer keys, than can be named.
    public func stillCovered(_ buckets: [Int]) -> [Int] { buckets.filter(covered.contains) }

    /// Lets a quarter of the covered buckets go, the last ones, with what was kept of them.
    private mutating func coverLess() {
        covered.subtract(covered.sorted().suffix(max(1, covered.count / 4)))
        entries = zip(entries, places).filter { covered.contains($0.1.bucket) }.map(\.0)
        places.removeAll { !covered.contains($0.bucket) }
        keyBytes = places.reduce(0) { $0 + $1.keyBytes }
    }

    /// The bucket of a row, by its key in canonical text.
    static func bucket(of key: RowKey, count: Int) -> Int {
        var text: [UInt8] = []
        for (index, value) in key.values.enumerated() {
            if index > 0 { text.append(CopyText.tab) }
            CopyText.append(value, to: &text)
        }
        return Int(words(SHA256.hash(data: text)).0 & UInt64(count - 1))
    }

    private static func key(_ fields: [[UInt8]]) -> RowKey { RowKey(fields.map { CopyText.value($0[...]) }) }

    private static func words(_ digest: SHA256.Digest) -> (UInt64, UInt64) {
        digest.withUnsafeBytes {
            ($0.loadUnaligned(fromByteOffset: 0, as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}
