internal import CLibPQ

/// How a connection URI leads to its server, by libpq's own reading of it.
public struct PostgresTransport: Hashable, Sendable {
    /// Host names and addresses; none for a socket of this machine.
    public var hosts: [String]
    /// Whether libpq refuses to go on without TLS.
    public var requiresTLS: Bool

    /// What the URI leaves out comes from libpq's variables (PGHOST, PGSSLMODE, …) and defaults, as when it connects.
    /// - Returns: nil when libpq cannot read the URI.
    public init?(url: String) {
        guard let given = PQconninfoParse(url, nil) else { return nil }
        defer { PQconninfoFree(given) }
        let defaults = PQconndefaults()
        defer { if let defaults { PQconninfoFree(defaults) } }
        func value(_ keyword: String) -> String? {
            PostgresTransport.value(keyword, given) ?? defaults.flatMap { PostgresTransport.value(keyword, $0) }
        }
        // «If hostaddr is specified …, the value for hostaddr gives the server network address» (34.1.2).
        let host = value("hostaddr") ?? value("host") ?? ""
        hosts = host.split(separator: ",").map(String.init).filter { $0.first != "/" && $0.first != "@" }
        // All the others go on in plain text when the server, or who answers in its place, says that it has no TLS.
        requiresTLS = ["require", "verify-ca", "verify-full"].contains(value("sslmode"))
    }

    private static func value(_ keyword: String, _ options: UnsafeMutablePointer<PQconninfoOption>) -> String? {
        var option = options
        while let name = option.pointee.keyword {
            if String(cString: name) == keyword {
                return option.pointee.val.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
            }
            option += 1
        }
        return nil
    }
}
