public import TrunklineCore

extension RabbitMQConfiguration {
    /// Reads `amqp://user:password@host:port/vhost` or `amqps://…`, as in the RabbitMQ URI specification.
    ///
    /// User, password and virtual host are percent-decoded. The port defaults to 5672 (5671 with TLS), the
    /// virtual host to `/`.
    /// - Throws: ``BrokerError/Code/configuration`` that names `broker.url` and never shows the password.
    public init(url: String) throws(BrokerError) {
        guard let schemeEnd = url.firstRange(of: "://") else { throw .url("has no scheme") }
        switch url[..<schemeEnd.lowerBound].lowercased() {
        case "amqp": tls = nil
        case "amqps": tls = TLS()
        default: throw .url("the scheme is neither amqp nor amqps")
        }
        let rest = url[schemeEnd.upperBound...]
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw .url(
                "has a query or a fragment", hint: "write ? as %3F and # as %23; settings have keys of their own")
        }
        let (authority, path) = rest.split(at: rest.firstIndex(of: "/"))
        virtualHost = try Self.virtualHost(path)
        guard let at = authority.lastIndex(of: "@") else { throw .url("has no user") }
        let (user, password) = authority[..<at].split(at: authority[..<at].firstIndex(of: ":"))
        self.user = try Self.decoded(user, "user")
        self.password = try Self.decoded(password ?? "", "password")
        guard !self.user.isEmpty else { throw .url("has no user") }
        guard !self.password.isEmpty else { throw .url("has no password") }
        (host, port) = try Self.hostAndPort(
            authority[authority.index(after: at)...], defaultPort: tls == nil ? 5672 : 5671)
    }

    private static func virtualHost(_ path: Substring?) throws(BrokerError) -> String {
        guard let path, !path.isEmpty else { return "/" }
        guard !path.contains("/") else {
            throw .url("has a / in the virtual host", hint: "write it as %2F")
        }
        return try decoded(path, "virtual host")
    }

    private static func hostAndPort(
        _ text: Substring, defaultPort: Int
    ) throws(BrokerError) -> (host: String, port: Int) {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw .url("has an IPv6 address without ]") }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.first == ":" else { throw .url("has text between ] and the port") }
            port = after.isEmpty ? nil : after.dropFirst()
        } else {
            (host, port) = text.split(at: text.firstIndex(of: ":"))
        }
        guard !host.isEmpty else { throw .url("has no host") }
        guard let port else { return (String(host), defaultPort) }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw .url("the port is not a number from 1 to 65535")
        }
        return (String(host), number)
    }

    private static func decoded(_ text: Substring, _ part: String) throws(BrokerError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
                let value = UInt8(Substring(digits), radix: 16)
            else { throw .url("the \(part) has a % without two hexadecimal digits", hint: "write % itself as %25") }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw .url("the \(part) is not UTF-8 text")
        }
        return text
    }
}

extension BrokerError {
    fileprivate static func url(_ reason: String, hint: String? = nil) -> BrokerError {
        BrokerError(
            .configuration, operation: "read", subject: "broker.url", reason: reason,
            hint: hint ?? "write amqp://user:password@host:5672/vhost")
    }
}

extension Substring {
    /// The text before `index` and the text after it; all and nil when there is no index.
    fileprivate func split(at index: Index?) -> (Substring, Substring?) {
        guard let index else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }
}
