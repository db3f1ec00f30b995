import Foundation
import Testing

@testable import TrunklineCore

struct DecimalMathTests {
    @Test(arguments: [
        ("12.50", "0.92", "11.5000"), ("-3", "0.1", "-0.3"), ("0", "-5", "0"), ("99.99", "99.99", "9998.0001"),
        ("123456789012345678901234567890", "10", "1234567890123456789012345678900"),
    ])
    func productsAreExact(a: String, b: String, product: String) {
        #expect(DecimalMath.product(a, b) == product)
        #expect(DecimalMath.product(b, a) == product)
    }

    @Test(arguments: [
        ("11.5000", 2, "11.50"), ("0.005", 2, "0.01"), ("0.004", 2, "0.00"), ("-0.005", 2, "-0.01"),
        ("9.995", 2, "10.00"),
        ("3", 2, "3.00"), ("0.5", 0, "1"), ("1.49", 0, "1"), (".5", 1, "0.5"),
    ])
    func roundingIsHalfAwayFromZero(text: String, places: Int, rounded: String) {
        #expect(DecimalMath.rounded(text, places) == rounded)
    }

    @Test(arguments: ["1e3", "NaN", "x", ""]) func whatIsNoPlainDecimalHasNone(text: String) {
        #expect(DecimalMath.product(text, "1") == nil && DecimalMath.rounded(text, 1) == nil)
    }

    /// As Foundation's decimals multiply, of numbers short enough for them.
    @Test func productsAreThoseOfAnotherLibrary() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let a = Decimal(Int.random(in: -999_999...999_999, using: &generator)) / 1_000
            let b = Decimal(Int.random(in: -999_999...999_999, using: &generator)) / 100
            let product = DecimalMath.product("\(a)", "\(b)").flatMap { Decimal(string: $0) }
            #expect(product == a * b)
        }
    }
}
