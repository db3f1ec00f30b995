/// A decimal number of any length, so that sums of differences are exact.
struct ExactDecimal: Hashable, Sendable {
    private var isNegative: Bool
    /// Without the point; the most significant first.
    private var digits: [UInt8]
    /// How many of the digits are behind the point.
    private var scale: Int

    /// As many digits as PostgreSQL keeps before the point, and far more than anybody counts.
    private static let maximalDigits = 1_000

    /// - Returns: nil for anything but a plain decimal: an exponent, `NaN`, other text.
    init?(_ text: String) {
        var rest = Substring(text)
        isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        let all = parts[0] + fraction
        guard !all.isEmpty, all.utf8.count <= Self.maximalDigits,
            all.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        digits = all.utf8.map { $0 - UInt8(ascii: "0") }
        scale = fraction.utf8.count
    }

    private init(isNegative: Bool, digits: [UInt8], scale: Int) {
        self.isNegative = isNegative
        self.digits = digits
        self.scale = scale
    }

    static prefix func - (number: ExactDecimal) -> ExactDecimal {
        ExactDecimal(isNegative: !number.isNegative, digits: number.digits, scale: number.scale)
    }

    static func + (a: ExactDecimal, b: ExactDecimal) -> ExactDecimal {
        let scale = max(a.scale, b.scale)
        let (x, y) = (a.digits(ofScale: scale), b.digits(ofScale: scale))
        let length = max(x.count, y.count)
        let (p, q) = (x.padded(to: length), y.padded(to: length))
        if a.isNegative == b.isNegative {
            return ExactDecimal(isNegative: a.isNegative, digits: sum(p, q), scale: scale)
        }
        let isLarger = !p.lexicographicallyPrecedes(q)
        return isLarger
            ? ExactDecimal(isNegative: a.isNegative, digits: difference(p, q), scale: scale)
            : ExactDecimal(isNegative: b.isNegative, digits: difference(q, p), scale: scale)
    }

    static func - (a: ExactDecimal, b: ExactDecimal) -> ExactDecimal { a + -b }

    static func * (a: ExactDecimal, b: ExactDecimal) -> ExactDecimal {
        var result = [UInt8](repeating: 0, count: a.digits.count + b.digits.count)
        for (i, x) in a.digits.enumerated().reversed() where x > 0 {
            var carry = 0
            for (j, y) in b.digits.enumerated().reversed() {
                let sum = Int(result[i + j + 1]) + Int(x) * Int(y) + carry
                result[i + j + 1] = UInt8(sum % 10)
                carry = sum / 10
            }
            result[i] += UInt8(carry)
        }
        return ExactDecimal(isNegative: a.isNegative != b.isNegative, digits: result, scale: a.scale + b.scale)
    }

    /// Half away from zero, as PostgreSQL rounds a numeric.
    func rounded(to places: Int) -> ExactDecimal {
        guard scale > places else {
            return ExactDecimal(isNegative: isNegative, digits: digits(ofScale: places), scale: places)
        }
        let whole = digits.padded(to: max(digits.count, scale))
        let kept = Array(whole.dropLast(scale - places))
        let isUp = whole[kept.count] >= 5
        let one = ExactDecimal(isNegative: false, digits: isUp ? [1] : [0], scale: places)
        var result = ExactDecimal(isNegative: false, digits: kept, scale: places) + one
        result.isNegative = isNegative
        return result
    }

    /// With as many digits behind the point as the longer of its terms had.
    var text: String {
        var whole = digits.dropLast(scale).drop { $0 == 0 }
        if whole.isEmpty { whole = [0] }
        let fraction = digits.padded(to: max(scale, digits.count)).suffix(scale)
        var text = isNegative && digits.contains { $0 != 0 } ? "-" : ""
        text += String(decoding: whole.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        if scale > 0 { text += "." + String(decoding: fraction.map { $0 + UInt8(ascii: "0") }, as: UTF8.self) }
        return text
    }

    private func digits(ofScale wanted: Int) -> [UInt8] { digits + Array(repeating: 0, count: wanted - scale) }

    private static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result = a
        var carry: UInt8 = 0
        for index in a.indices.reversed() {
            let sum = a[index] + b[index] + carry
            result[index] = sum % 10
            carry = sum / 10
        }
        return carry > 0 ? [carry] + result : result
    }

    /// - Precondition: `a` is not smaller.
    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result = a
        var borrow: UInt8 = 0
        for index in a.indices.reversed() {
            let subtrahend = b[index] + borrow
            borrow = a[index] < subtrahend ? 1 : 0
            result[index] = a[index] + 10 * borrow - subtrahend
        }
        return result
    }
}

/// Decimals as text, in and out; nil where a text is no plain decimal.
public enum DecimalMath {
    public static func sum(_ a: String, _ b: String) -> String? { with(a, b, +) }
    public static func difference(_ a: String, _ b: String) -> String? { with(a, b, -) }
    public static func product(_ a: String, _ b: String) -> String? { with(a, b, *) }
    /// - Parameter places: behind the point, at least 0.
    public static func rounded(_ text: String, _ places: Int) -> String? {
        ExactDecimal(text)?.rounded(to: places).text
    }

    private static func with(
        _ a: String, _ b: String, _ operation: (ExactDecimal, ExactDecimal) -> ExactDecimal
    ) -> String? {
        guard let a = ExactDecimal(a), let b = ExactDecimal(b) else { return nil }
        return operation(a, b).text
    }
}

extension [UInt8] {
    fileprivate func padded(to count: Int) -> [UInt8] { Array(repeating: 0, count: count - self.count) + self }
}
