import TrunklineTesting

/// A row of `product_sales` as a till knows it. Amounts are in cents.
struct Sale: Hashable, Sendable {
    var day: Int
    var region: String
    var product: String
    var qty: Int
    var cost: Int
    var tax: Int
    var isCancelled = false

    private static let products = ["Paper", "Pens", "Staplers", "Tacks", "Crème brûlée", "O'Brien \\ sons"]

    static func random(in region: String, using random: inout SplitMix64) -> Sale {
        Sale(
            day: .random(in: 1...28, using: &random), region: region,
            product: products.randomElement(using: &random)!, qty: .random(in: 1...90, using: &random),
            cost: .random(in: 1...9_999, using: &random), tax: .random(in: 0...900, using: &random))
    }

    /// The columns that the till writes, as SQL.
    var values: String {
        "'\(date)', '\(region)', \(quotedProduct), \(qty), '\(Sale.money(cost))', '\(Sale.money(tax))'"
    }

    var quotedProduct: String { "'\(product.replacing("'", with: "''"))'" }

    /// As ``query(_:)`` shows it.
    func line(id: Int) -> String {
        let amount = qty * cost
        let fields = [
            "\(id)", date, region, product, "\(qty)", Sale.money(cost), Sale.money(amount), Sale.money(tax),
            Sale.money(amount + tax),
            isCancelled ? "cancelled" : "sold",
        ]
        return fields.joined(separator: "|")
    }

    /// As ``query(_:)`` shows the sales of a till's ledger.
    static func expected(_ ledger: Till.Book) -> ExpectedRows {
        ExpectedRows(lines: ledger.rows.map { $1.line(id: $0) }, keys: ledger.keys.map { "\($0)" })
    }

    static let columns = "date, region, product, qty, cost, tax"

    /// One line a sale, on PostgreSQL and on SQLite.
    static func query(_ condition: String = "true") -> String {
        """
        select id, date, region, product, qty, cost, amt, tax, total,
            case when deleted_at is null then 'sold' else 'cancelled' end
        from product_sales where \(condition)
        """
    }

    private var date: String { "2026-11-\(day < 10 ? "0" : "")\(day)" }

    static func money(_ cents: Int) -> String {
        let rest = cents % 100
        return "\(cents / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
