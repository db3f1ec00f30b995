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

    /// The word for every table; a table of that name is written `"all"`.
    static let all = "all"

    static func table(_ text: String) throws(InvalidSetting) -> TableName {
        guard let table = TableName(parsing: text) else {
            throw InvalidSetting(
                "\"\(text)\" is not a table name; write name or schema.name, a part with a dot in double quotes")
        }
        return table
    }

    /// The names alone.
    static func text(_ selection: TableSelection) -> String {
        switch selection {
        case .listed(let rules, _): rules.map(\.name.description).joined(separator: ",")
        case .all(let exceptions): ([all] + exceptions.map { "-\($0)" }).joined(separator: ",")
        }
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
