/// How values of a column are brought to one text, so that two databases' spellings of a value are one.
///
/// Beyond ``CanonicalValue``, which every row of a verification goes through: what storing a value in the other kind of
/// database rewrites.
enum ValueForm: Hashable {
    case canonical(CanonicalValue.Rule)
    /// As `jsonb` means it: blanks, the order of names and the spelling of numbers say nothing.
    case json
    /// Blanks at the end say nothing.
    case padded
    /// Blanks around elements, and quotes that need not be, say nothing.
    case array

    init(_ type: String) {
        let base = type.prefix { $0 != "(" }
        if type.hasSuffix("]") {
            self = .array
        } else if base == "json" || base == "jsonb" {
            self = .json
        } else if ["character", "char", "bpchar"].contains(base) {
            self = .padded
        } else {
            self = .canonical(CanonicalValue.rule(for: type))
        }
    }

    /// Of a column that may be of two types at the two ends: what is stored as text in one is what the other one says.
    init(sent: String, stored: String?) {
        let form = ValueForm(sent)
        self = form == .canonical(.asIs) ? ValueForm(stored ?? sent) : form
    }

    func isSame(_ a: String, _ b: String) -> Bool {
        guard !a.utf8.elementsEqual(b.utf8) else { return true }
        switch self {
        case .canonical(.asIs): return false
        case .canonical(let rule):
            return CanonicalValue.apply(rule, to: Array(a.utf8)[...])
                == CanonicalValue.apply(rule, to: Array(b.utf8)[...])
        case .json: return CanonicalJSON.text(a).map { $0 == CanonicalJSON.text(b) } ?? false
        case .padded:
            let (x, y) = (Array(a.utf8), Array(b.utf8))
            let blank = UInt8(ascii: " ")
            return x[..<(x.lastIndex { $0 != blank }.map { $0 + 1 } ?? 0)]
                .elementsEqual(y[..<(y.lastIndex { $0 != blank }.map { $0 + 1 } ?? 0)])
        case .array: return ValueForm.elements(a).map { $0 == ValueForm.elements(b) } ?? false
        }
    }

    /// The elements and braces of an array as PostgreSQL writes one (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO);
    /// nil: it is none.
    private static func elements(_ text: String) -> [String]? {
        var elements: [String] = []
        var current: [UInt8] = []
        var (isQuoted, wasQuoted, depth) = (false, false, 0)
        func end() {
            let word = String(decoding: trimmed(current[...]), as: UTF8.self)
            if wasQuoted {
                elements.append("\"" + String(decoding: current, as: UTF8.self))
            } else if !word.isEmpty {
                elements.append(word.uppercased() == "NULL" ? "NULL" : "\"" + word)
            }
            (current, wasQuoted) = ([], false)
        }
        var bytes = trimmed(Array(text.utf8)[...])
        guard bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}") else { return nil }
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                guard let next = bytes.popFirst() else { return nil }
                current.append(next)
            case UInt8(ascii: "\""):
                if !isQuoted { current = [] }
                (isQuoted, wasQuoted) = (!isQuoted, true)
            case _ where isQuoted: current.append(byte)
            case UInt8(ascii: "{"):
                depth += 1
                elements.append("{")
            case UInt8(ascii: "}"):
                end()
                depth -= 1
                elements.append("}")
            case UInt8(ascii: ","): end()
            case UInt8(ascii: " ") where wasQuoted: continue
            default: current.append(byte)
            }
        }
        return depth == 0 && !isQuoted ? elements : nil
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        guard let end = bytes.lastIndex(where: { !isBlank($0) }) else { return [] }
        return bytes[...end].drop(while: isBlank)
    }
}
