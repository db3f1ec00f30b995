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

    /// A list of names; or `all`, and behind it exceptions with a hyphen before each.
    static func selection(_ items: [String]) throws(InvalidSetting) -> TableSelection {
        guard items.contains(all) else {
            if let exception = items.first(where: { $0.hasPrefix("-") }) {
                throw InvalidSetting(
                    "\"\(exception)\" is an exception, of which there are some from all only; write all,\(exception)")
            }
            return .listed(try tables(items))
        }
        let others = items.filter { $0 != all }
        if let name = others.first(where: { !$0.hasPrefix("-") }) {
            throw InvalidSetting("all is every table, \(name) too; leave \(name) out, or all")
        }
        return .all(except: try tables(others.map { String($0.dropFirst()).trimmed }))
    }

    static func text(_ selection: TableSelection) -> String {
        switch selection {
        case .listed(let names): names.map(\.description).joined(separator: ",")
        case .all(let exceptions): ([all] + exceptions.map { "-\($0)" }).joined(separator: ",")
        }
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
