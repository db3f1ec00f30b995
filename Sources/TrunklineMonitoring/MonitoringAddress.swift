/// Where the monitoring server listens: `127.0.0.1:9464`, `[::]:9464`, `0.0.0.0:0` for a free port.
public struct MonitoringAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, IPv6 without brackets.
    public var host: String
    public var port: Int

    /// - Returns: nil when the text is no address with a port.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".-:%_".contains($0)) })
        else { return nil }
        self.host = String(host)
        self.port = Int(port)
    }

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The same as this machine reaches it.
    public var local: MonitoringAddress {
        switch host {
        case "0.0.0.0": MonitoringAddress(host: "127.0.0.1", port: port)
        case "::": MonitoringAddress(host: "::1", port: port)
        default: self
        }
    }
}
