/// The indexed terms and the WHERE of a `CREATE INDEX` statement, as SQL text.
///
/// SQLite tells the columns of an index, but neither its expressions nor its predicate.
struct IndexDefinition: Hashable {
    /// Each without its COLLATE at the end left alone, and without ASC or DESC.
    var terms: [String]
    var predicate: String?

    /// - Returns: nil when the text is not what SQLite keeps for an index.
    init?(sql: String) {
        let tokens = SQLToken.all(in: sql)
        guard let on = tokens.firstIndex(where: { $0.isWord("ON") }),
            let open = tokens[on...].firstIndex(where: { $0.text == "(" })
        else { return nil }
        var terms: [[SQLToken]] = [[]]
        var depth = 0
        var position = open + 1
        while true {
            guard position < tokens.count else { return nil }
            let token = tokens[position]
            position += 1
            if depth == 0, token.text == ")" { break }
            if depth == 0, token.text == "," {
                terms.append([])
                continue
            }
            if token.text == "(" { depth += 1 }
            if token.text == ")" { depth -= 1 }
            terms[terms.count - 1].append(token)
        }
        self.terms = terms.map { term in
            var term = term
            if let last = term.last, last.isWord("ASC") || last.isWord("DESC") { term.removeLast() }
            return term.map(\.text).joined(separator: " ")
        }
        if position < tokens.count {
            guard tokens[position].isWord("WHERE") else { return nil }
            predicate = tokens[(position + 1)...].map(\.text).joined(separator: " ")
        }
    }
}
