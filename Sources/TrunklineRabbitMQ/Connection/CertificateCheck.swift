import CRabbitMQ
import Foundation

/// What a TLS handshake found out about certificates: the library says no more than that its check failed.
///
/// Lives as long as the connection whose socket it watches, and is used on that one's thread.
final class CertificateCheck {
    private let found = UnsafeMutablePointer<trunkline_verification>.allocate(capacity: 1)
    private var ownNotAfter: Date?

    init() { found.initialize(to: trunkline_verification()) }

    deinit { found.deallocate() }

    func watch(_ socket: OpaquePointer?) { trunkline_note_verification_of(socket, found) }

    func note(ownNotAfter seconds: Int64) { ownNotAfter = CertificateCheck.date(seconds) }

    /// When the broker's certificate ends; nil without TLS.
    var brokerNotAfter: Date? { CertificateCheck.date(found.pointee.broker_not_after) }

    /// Why the handshake failed, with the way out; nil when it is not about times, and the library's own word does.
    func hint(at now: Date) -> String? {
        let name = withUnsafeBytes(of: found.pointee.name) { text($0) }
        switch found.pointee.error {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the certificate \"\(name)\" expired on \(day(found.pointee.not_after)): renew it at the broker"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the certificate \"\(name)\" is valid from \(day(found.pointee.not_before)) on: compare the clocks"
        case X509_V_OK:
            guard let ownNotAfter, ownNotAfter < now else { return nil }
            return "this office's own certificate expired on \(CertificateCheck.day(ownNotAfter)): renew it here"
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
            return nil
        default:
            return "the certificate \"\(name)\" was refused: \(withUnsafeBytes(of: found.pointee.reason) { text($0) })"
        }
    }

    private func day(_ seconds: Int64) -> String { CertificateCheck.date(seconds).map(CertificateCheck.day) ?? "?" }

    private static func day(_ date: Date) -> String { String(date.ISO8601Format().prefix(10)) }

    private static func date(_ seconds: Int64) -> Date? {
        seconds == 0 ? nil : Date(timeIntervalSince1970: TimeInterval(seconds))
    }

    private func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
