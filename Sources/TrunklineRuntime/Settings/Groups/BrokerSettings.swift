/// Where the broker is, and how to know that it is the right one.
public struct BrokerSettings: Hashable, Sendable {
    public enum Verification: String, Sendable, CaseIterable {
        case full, ca, none
    }

    /// nil: not given; not every command needs the broker.
    public var url: SecretURL?
    /// The file that the URL stands in, if any: its user and password are read again at each connect.
    public var urlFile: String?
    /// At the head, for whoever adds branches; nil: not given.
    public var managementURL: SecretURL?
    public var heartbeat: Duration
    public var caFile: String?
    public var certificateFile: String?
    public var keyFile: String?
    public var verify: Verification
}

extension BrokerSettings {
    init?(_ reader: inout SettingsReader, isNeeded: Bool) {
        let url = isNeeded ? reader.require(SettingTable.brokerURL) : reader.read(SettingTable.brokerURL)
        let managementURL = reader.read(SettingTable.brokerManagementURL)
        let heartbeat = reader.require(SettingTable.brokerHeartbeat)
        let caFile = reader.read(SettingTable.brokerCAFile)
        let certificateFile = reader.read(SettingTable.brokerCertificateFile)
        let keyFile = reader.read(SettingTable.brokerKeyFile)
        let verify = reader.require(SettingTable.brokerVerify)
        BrokerSettings.checkTLS(of: url, managementURL, &reader)
        if let url, let problem = RabbitMQURL.problem(of: url) { reader.note(problem) }
        guard let heartbeat, let verify else { return nil }
        self.init(
            url: url, urlFile: reader.secretFile(of: SettingTable.brokerURL.key), managementURL: managementURL,
            heartbeat: heartbeat, caFile: caFile,
            certificateFile: certificateFile, keyFile: keyFile, verify: verify)
    }

    /// A TLS setting that would have no effect is an error: somebody believes that the line is encrypted.
    private static func checkTLS(of url: SecretURL?, _ managementURL: SecretURL?, _ reader: inout SettingsReader) {
        if let url, url.scheme == "amqp" {
            var keys = [SettingTable.brokerCertificateFile.key, SettingTable.brokerKeyFile.key]
            if managementURL?.scheme != "https" {
                keys += [SettingTable.brokerCAFile.key, SettingTable.brokerVerify.key]
            }
            for key in keys where reader.isGiven(key) {
                reader.note("\(key.name): has no effect without TLS; write amqps:// in broker.url, or leave it out")
            }
        }
        let hasCertificate = reader.isGiven(SettingTable.brokerCertificateFile.key)
        if hasCertificate != reader.isGiven(SettingTable.brokerKeyFile.key) {
            let missing = hasCertificate ? SettingTable.brokerKeyFile : SettingTable.brokerCertificateFile
            reader.missing(missing, hint: "a certificate and its key go together")
        }
    }
}
