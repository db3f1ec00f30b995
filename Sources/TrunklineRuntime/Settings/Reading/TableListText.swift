internal import TrunklineCore

/// A list of table names as one line: `product_sales, "my,table", stock.items`.
enum TableListText {
    /// Splits at the commas that are not within double quotes.
    static func split(_ text: String) -> [String] {
        var items: [String] = []
        var item = ""
        var quoted = false
        for character in text {
            if character == "\"" { quoted.toggle() }
            if character == ",", !quoted {
                items.append(item)
                item = ""
            } else {
                item.append(character)
            }
        }
        items.append(item)
        return items.map(\.trimmed).filter { !$0.isEmpty }
    }

    static func tables(_ items: [String]) throws(InvalidSetting) -> [TableName] {
        var tables: [TableName] = []
        for item in items {
            guard let table = TableName(parsing: item) else {
                throw InvalidSetting(
                    "\"\(item)\" is not a table name; write name or schema.name, a part with a dot in double quotes")
            }
            guard !tables.contains(table) else { throw InvalidSetting("\(table) is named twice") }
            tables.append(table)
        }
        return tables
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
