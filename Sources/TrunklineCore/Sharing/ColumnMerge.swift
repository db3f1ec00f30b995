/// Brings two changes of one row together, column by column.
///
/// A pure function of what both started from, what the head has, what the branch has, and the policy. What only one side
/// changed keeps that change, differences of `added` columns are summed, and what both changed otherwise is left open.
/// Sums do not depend on the order of the changes; nothing happens for a change that is equal to its base.
struct ColumnMerge {
    private let columns: [Column]
    private let rules: [CanonicalValue.Rule]
    private let added: Set<String>

    /// - Parameter columns: of every image, in this order.
    init(_ columns: [Column], adding added: [String] = []) {
        self.columns = columns
        rules = columns.map { CanonicalValue.rule(for: $0.type) }
        self.added = Set(added)
    }

    typealias Image = [String?]

    struct Result: Hashable {
        /// With the head's value where it is open.
        var image: Image
        /// Columns that both changed, to different values that cannot be added.
        var open: [Int]
    }

    func merge(base: Image, head: Image, branch: Image) -> Result {
        var result = Result(image: head, open: [])
        for index in columns.indices where !isSame(branch, base, at: index) {
            if added.contains(columns[index].name),
                let sum = ColumnMerge.sum(head[index], plus: branch[index], minus: base[index])
            {
                result.image[index] = sum
            } else if isSame(head, base, at: index) {
                result.image[index] = branch[index]
            } else if !isSame(head, branch, at: index) {
                result.open.append(index)
            }
        }
        return result
    }

    /// As the two databases mean it, however they write it.
    func isSame(_ a: Image, _ b: Image) -> Bool { columns.indices.allSatisfy { isSame(a, b, at: $0) } }

    /// The columns in which two images differ.
    func differences(_ a: Image, _ b: Image) -> [Int] { columns.indices.filter { !isSame(a, b, at: $0) } }

    private func isSame(_ a: Image, _ b: Image, at index: Int) -> Bool {
        guard let x = a[index], let y = b[index] else { return a[index] == nil && b[index] == nil }
        guard !x.utf8.elementsEqual(y.utf8) else { return true }
        guard rules[index] != .asIs else { return false }
        return CanonicalValue.apply(rules[index], to: Array(x.utf8)[...])
            == CanonicalValue.apply(rules[index], to: Array(y.utf8)[...])
    }

    private static func sum(_ head: String?, plus branch: String?, minus base: String?) -> String? {
        let terms = [head, branch, base].compactMap { $0.flatMap { ExactDecimal($0) } }
        guard terms.count == 3 else { return nil }
        return (terms[0] + (terms[1] - terms[2])).text
    }
}
