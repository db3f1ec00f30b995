import NIOPosix
import NIOSSL

/// How the management API shows that it is the right one, where its URL is `https`.
public struct ManagementTLS: Hashable, Sendable {
    /// PEM file of the authorities that may vouch for it; nil: the system's.
    public var caFile: String?
    public var verifiesPeer = true
    public var verifiesHostName = true

    public init(caFile: String? = nil, verifiesPeer: Bool = true, verifiesHostName: Bool = true) {
        self.caFile = caFile
        self.verifiesPeer = verifiesPeer
        self.verifiesHostName = verifiesHostName
    }

    var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let caFile { configuration.trustRoots = .file(caFile) }
        configuration.certificateVerification =
            !verifiesPeer ? .none : verifiesHostName ? .fullVerification : .noHostnameVerification
        return configuration
    }

    /// What TLS found wrong; nil when the error is not of TLS.
    static func refusal(_ error: any Error) -> String? {
        if let connection = error as? NIOConnectionError {
            return connection.connectionErrors.lazy.compactMap { refusal($0.error) }.first
        }
        return error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError ? "\(error)" : nil
    }
}
