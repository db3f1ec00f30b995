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

    /// Why the URI cannot be meant like this, without any part of it; nil when it can. libpq's own messages quote what
    /// they stumble over, which may be a password with a character that should have been written as %40.
    static func problem(of url: String) -> String? {
        guard let schemeEnd = url.firstRange(of: "://") else { return "has no scheme" }
        let place = url[schemeEnd.upperBound...].prefix { $0 != "?" && $0 != "#" }
        let authority = place.prefix { $0 != "/" }
        guard place.count(where: { $0 == "@" }) == authority.count(where: { $0 == "@" }),
            place.count(where: { $0 == "@" }) <= 1
        else { return "has an @ or a / in the user or the password" }
        guard let options = PQconninfoParse(url, nil) else { return "is not a PostgreSQL connection URI" }
        defer { PQconninfoFree(options) }
        let ports = (value("port", options) ?? "").split(separator: ",")
        guard ports.allSatisfy({ UInt16($0) != nil }) else { return "has a port that is no number" }
        return nil
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
