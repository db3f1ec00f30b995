/// Why a call got no answer.
public struct HTTPCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether TLS found something wrong, as a certificate that nobody vouches for.
    public var isOfTLS: Bool
    /// In libcurl's words; no header and no body is in them.
    public var reason: String

    public var description: String { reason }
}
