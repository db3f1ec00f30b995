/// A URL that may hold a password. Whatever prints, logs or dumps it shows where it leads, and no more.
public struct SecretURL: Hashable, Sendable {
    /// In lower case.
    public let scheme: String
    /// The whole URL, with the password: for the one who connects.
    public let revealed: String

    /// - Returns: nil when the text has no scheme or nothing after it.
    public init?(_ text: String) {
        guard let range = text.firstRange(of: "://"), !text[range.upperBound...].isEmpty else { return nil }
        scheme = text[..<range.lowerBound].lowercased()
        guard scheme.first?.isLetter == true, scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
            return nil
        }
        revealed = text
    }

    /// Host, port and path; only the scheme when the URL is malformed, since a part of the password
    /// could stand anywhere then.
    private var place: String {
        let rest = revealed[revealed.firstRange(of: "://")!.upperBound...]
        let beforeQuery = rest.prefix { $0 != "?" && $0 != "#" }
        var shown = beforeQuery
        if let at = beforeQuery.lastIndex(of: "@") {
            shown = beforeQuery[beforeQuery.index(after: at)...]
        } else if rest.contains("@") {
            return "…"
        }
        let authority = shown.prefix { $0 != "/" }
        let port = authority.split(separator: ":", omittingEmptySubsequences: false).dropFirst().last
        let isIPv6 = authority.first == "["
        guard isIPv6 || port == nil || port!.allSatisfy(\.isNumber) else { return "…" }
        return String(shown)
    }
}

extension SecretURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(scheme)://\(place)" }
    public var debugDescription: String { description }
    /// Empty, since a dump of the fields would print the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
