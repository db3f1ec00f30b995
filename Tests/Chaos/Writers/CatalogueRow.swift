/// A row of the head's, in the tables that go down: a price, which all branches get, or a transfer note, which goes to
/// the branch that it names, and to none where there is no such branch.
enum CatalogueRow: Hashable, Sendable {
    /// In cents.
    case price(Int)
    case note(branch: String, product: String, qty: Int)

    enum Key: Hashable, Sendable {
        case price(String)
        case note(Int)

        /// As ``CatalogueRow/query`` shows it.
        var text: String {
            switch self {
            case .price(let product): "price \(product)"
            case .note(let id): "note \(id)"
            }
        }
    }

    /// One line a row, on PostgreSQL and on SQLite.
    static let query = """
        select 'price ' || product, cast(price as text), '' from price
        union all select 'note ' || id, cast(qty as text), branch_id || ' ' || product from transfer_note
        """

    /// What an office must hold.
    /// - Parameter branch: nil: the head, which has all.
    static func expected(_ ledger: Clerk.Book, at branch: String? = nil) -> ExpectedRows {
        let rows = ledger.rows.filter { branch == nil || $1.goes(to: branch!) }
        return ExpectedRows(lines: rows.map { $1.line($0) }, keys: ledger.keys.map(\.text))
    }

    private func goes(to office: String) -> Bool {
        switch self {
        case .price: true
        case .note(let branch, _, _): branch == office
        }
    }

    private func line(_ key: Key) -> String {
        switch self {
        case .price(let cents): "\(key.text)|\(Sale.money(cents))|"
        case .note(let branch, let product, let qty): "\(key.text)|\(qty)|\(branch) \(product)"
        }
    }
}
