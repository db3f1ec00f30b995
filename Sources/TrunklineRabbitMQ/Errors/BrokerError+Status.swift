import CRabbitMQ
import TrunklineCore

extension BrokerError {
    /// What a negative status of the library means.
    init(status: Int32, operation: String, subject: String) {
        let (code, hint) = Self.meaning(of: status)
        let reason = amqp_error_string2(status).map { String(cString: $0) } ?? "status \(status)"
        self.init(code, operation: operation, subject: subject, reason: reason, hint: hint)
    }

    private static func meaning(of status: Int32) -> (Code, hint: String?) {
        switch status {
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED.rawValue:
            (.tls, "the certificate names another host than broker.url")
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED.rawValue:
            (.tls, "the certificate's authority is not in the CA file")
        case AMQP_STATUS_SSL_CONNECTION_FAILED.rawValue:
            (.tls, "check the CA file, the client certificate, and that the port speaks TLS")
        case AMQP_STATUS_SSL_SET_ENGINE_FAILED.rawValue:
            (.tls, nil)
        case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION.rawValue, AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD.rawValue:
            (.configuration, "the broker must speak AMQP 0-9-1 with PLAIN authentication")
        case AMQP_STATUS_TABLE_TOO_BIG.rawValue:
            (.tooLarge, "the message's headers do not fit into one frame")
        case AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED.rawValue:
            (.unreachable, "check the host in broker.url, and the name server")
        default:
            // Includes a generic TLS error: on an established connection it is a lost connection.
            (.unreachable, nil)
        }
    }
}
