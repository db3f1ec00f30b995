/// A token of SQL: a word or number, a quoted name or string, or one character of punctuation.
///
/// Comments and blanks are no tokens. Joined with blanks, the tokens mean what the text meant, since
/// operators of two characters (`<=`, `||`, `->>`) are kept whole.
/// Source: https://www.sqlite.org/lang.html, and `tokenize.c` of SQLite.
struct SQLToken: Hashable {
    var text: String
    private var isQuoted: Bool

    func isWord(_ word: String) -> Bool { !isQuoted && text.uppercased() == word }

    static func all(in sql: String) -> [SQLToken] {
        var tokens: [SQLToken] = []
        var rest = Substring(sql)
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if rest.hasPrefix("--") {
                rest = rest.drop { $0 != "\n" }
            } else if rest.hasPrefix("/*") {
                rest.removeFirst(2)
                while !rest.isEmpty, !rest.hasPrefix("*/") { rest.removeFirst() }
                rest = rest.dropFirst(2)
            } else if let closing = closingQuote(first) {
                tokens.append(SQLToken(text: quoted(&rest, closing: closing), isQuoted: true))
            } else if first.isLetter || first.isNumber || first == "_" || first == "$" {
                let word = rest.prefix {
                    $0.isLetter || $0.isNumber || "_$.".contains($0) && !($0 == "." && !first.isNumber)
                }
                tokens.append(SQLToken(text: String(word), isQuoted: false))
                rest = rest.dropFirst(word.count)
            } else {
                let length =
                    ["->>", "||", "<=", ">=", "<>", "!=", "==", "<<", ">>", "->"].first { rest.hasPrefix($0) }?.count
                    ?? 1
                tokens.append(SQLToken(text: String(rest.prefix(length)), isQuoted: false))
                rest = rest.dropFirst(length)
            }
        }
        return joiningBlobs(tokens)
    }

    private static func closingQuote(_ character: Character) -> Character? {
        switch character {
        case "'", "\"", "`": character
        case "[": "]"
        default: nil
        }
    }

    /// Takes a quoted name or string from the front; a doubled quote stands for one.
    private static func quoted(_ rest: inout Substring, closing: Character) -> String {
        var text = String(rest.removeFirst())
        while let character = rest.popFirst() {
            text.append(character)
            guard character == closing else { continue }
            guard closing != "]", rest.first == closing else { break }
            text.append(rest.removeFirst())
        }
        return text
    }

    /// `x'00'` was cut in two; it is one token.
    private static func joiningBlobs(_ tokens: [SQLToken]) -> [SQLToken] {
        var result: [SQLToken] = []
        for token in tokens {
            if token.isQuoted, token.text.hasPrefix("'"), let last = result.last, last.isWord("X") {
                result[result.count - 1].text += token.text
            } else {
                result.append(token)
            }
        }
        return result
    }
}
