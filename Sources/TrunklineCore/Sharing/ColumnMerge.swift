/// Brings two changes of one row together, column by column.
///
/// A pure function of what both started from, what the head has, what the branch has, and the policy. What only one side
/// changed keeps that change, differences of `added` columns are summed, and what both changed otherwise is left open.
/// Sums do not depend on the order of the changes; nothing happens for a change that is equal to its base.
struct ColumnMerge {
    private let columns: [MergedColumn]
    private let added: Set<String>

    /// - Parameter columns: of every image, in this order.
    init(_ columns: [MergedColumn], adding added: [String] = []) {
        self.columns = columns
        self.added = Set(added)
    }

    typealias Image = [String?]
    /// An image of which some values are unknown: the outer nil.
    typealias PartialImage = [String??]

    struct Result: Hashable {
        /// With the head's value where it is open.
        var image: Image
        /// Columns that both changed, to different values that cannot be added.
        var open: [Int]
    }

    /// - Parameter base: where it is unknown, both may have changed the value.
    func merge(base: PartialImage, head: Image, branch: Image) -> Result {
        var result = Result(image: head, open: [])
        for index in columns.indices where !(base[index].map { isSame(branch[index], $0, at: index) } ?? false) {
            if added.contains(columns[index].name), let from = base[index],
                let sum = ColumnMerge.sum(head[index], plus: branch[index], minus: from)
            {
                result.image[index] = sum
            } else if let from = base[index], isSame(head[index], from, at: index) {
                result.image[index] = branch[index]
            } else if !isSame(head[index], branch[index], at: index) {
                result.open.append(index)
            }
        }
        return result
    }

    /// As the two databases mean it, however they write it.
    func isSame(_ a: Image, _ b: Image) -> Bool { columns.indices.allSatisfy { isSame(a[$0], b[$0], at: $0) } }

    /// The columns in which two images differ.
    func differences(_ a: Image, _ b: Image) -> [Int] {
        columns.indices.filter { !isSame(a[$0], b[$0], at: $0) }
    }

    private func isSame(_ a: String?, _ b: String?, at index: Int) -> Bool {
        guard let x = a, let y = b else { return a == nil && b == nil }
        return columns[index].form.isSame(x, y)
    }

    private static func sum(_ head: String?, plus branch: String?, minus base: String?) -> String? {
        let terms = [head, branch, base].compactMap { $0.flatMap { ExactDecimal($0) } }
        guard terms.count == 3 else { return nil }
        return (terms[0] + (terms[1] - terms[2])).text
    }
}

/// A column of a shared table, as two offices have it.
struct MergedColumn: Hashable {
    var name: String
    var form: ValueForm
    /// Where this office's column holds no more.
    private var digitsBeforePoint: Int?
    /// In characters, where this office's column pads its values.
    private var paddedLength: Int?

    /// - Parameters:
    ///   - column: as a line has it.
    ///   - stored: the type here.
    init(_ column: Column, stored: String? = nil) {
        name = column.name
        form = ValueForm(sent: column.type, stored: stored)
        let type = stored ?? column.type
        let numbers = type.drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }.split(separator: ",")
            .compactMap { Int($0) }
        if ValueForm(type) == .padded { paddedLength = numbers.first }
        if type.hasPrefix("numeric("), let precision = numbers.first {
            digitsBeforePoint = precision - (numbers.count > 1 ? numbers[1] : 0)
        }
    }

    /// All columns of a line.
    /// - Parameter own: those of the table here.
    static func all(_ columns: [Column], own: [Column]?) -> [MergedColumn] {
        let types = Dictionary(
            (own ?? []).map { ($0.name.lowercased(), $0.type) }, uniquingKeysWith: { first, _ in first })
        return columns.map { MergedColumn($0, stored: types[$0.name.lowercased()]) }
    }

    /// Whether the column here makes another text of a value.
    func pads(_ value: String?) -> Bool {
        guard let paddedLength, let value else { return false }
        return value.unicodeScalars.count != paddedLength
    }

    /// Whether the column here has room for a sum.
    func holds(_ value: String?) -> Bool {
        guard let digitsBeforePoint, let value, ExactDecimal(value) != nil else { return true }
        let parts = value.drop { $0 == "-" || $0 == "+" }.split(separator: ".", omittingEmptySubsequences: false)
        return parts[0].drop { $0 == "0" }.count <= digitsBeforePoint
    }
}
