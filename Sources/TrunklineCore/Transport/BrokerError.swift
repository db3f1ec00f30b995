/// What went wrong at the broker, and whether trying again can help.
public struct BrokerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Host not found, connection refused, connection lost, heartbeat missed.
        case unreachable
        /// Wrong user, password, virtual host or permission.
        case accessRefused
        /// What messages travel through is missing, or exists with other properties.
        case topology
        /// TLS could not be set up: certificate, host name, CA.
        case tls
        /// The broker closed the channel or connection for another reason.
        case closedByBroker
        /// The broker URL or an argument is not usable.
        case configuration
        /// A message is over the broker's or our limit.
        case tooLarge
    }

    public var code: Code
    /// What was being done, as in `publish`.
    public var operation: String
    /// On what: a place of the broker's, `host:port`. Never a password.
    public var subject: String
    /// What the library or the broker said.
    public var reason: String
    /// The way out, for a person; nil when there is none to name.
    public var hint: String?
    /// Of ``Code/tooLarge``: the longest body that would have been taken, in bytes; nil: nobody said.
    public var limit: Int?

    public init(_ code: Code, operation: String, subject: String, reason: String, hint: String? = nil) {
        self.code = code
        self.operation = operation
        self.subject = subject
        self.reason = reason
        self.hint = hint
    }

    /// Whether the same call may succeed later without anybody changing the configuration.
    ///
    /// Services retry whatever this says, so that a mended broker needs no restart; the command-line tool asks.
    public var isTransient: Bool {
        switch code {
        case .unreachable, .closedByBroker: true
        case .accessRefused, .topology, .tls, .configuration, .tooLarge: false
        }
    }

    public var description: String {
        "broker: \(operation) \(subject): \(reason)" + (hint.map { "; \($0)" } ?? "")
    }
}
