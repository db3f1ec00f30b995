internal import Logging
internal import TrunklineCore
internal import TrunklineMonitoring

/// Every key of the configuration, once: the reading, the check for unknown keys, the environment
/// names and the reference all come from here.
enum SettingTable {
    static let officeID = Setting<OfficeID>(
        "office.id", .office, defaultNote: "head at the head",
        help: "This office's name: head, or a branch such as east.")
    static let officeRole = Setting<OfficeRole>(
        "office.role", .choice, defaultNote: "from office.id", help: "Which side this office is.")

    static let databaseURL = Setting<SecretURL>(
        "database.url", .url(schemes: ["postgres", "postgresql", "sqlite"]), isSecret: true,
        help: "This office's database: postgres://user:password@host:5432/shop?sslmode=verify-full, or "
            + "sqlite:///var/lib/shop.db.")

    static let brokerURL = Setting<SecretURL>(
        "broker.url", .url(schemes: ["amqp", "amqps"]), isSecret: true,
        help: "The RabbitMQ broker: amqps://east:password@broker.example:5671/vhost; amqp:// is without TLS.")
    static let brokerManagementURL = Setting<SecretURL>(
        "broker.management-url", .url(schemes: ["http", "https"]), defaultNote: "none", isSecret: true,
        help: "At the head: RabbitMQ's management API with an administrator, for trunkline branch: "
            + "https://admin:password@broker.example:15671.")
    static let brokerHeartbeat = Setting<Duration>(
        "broker.heartbeat", .duration(.seconds(1)...(.seconds(600))), default: .seconds(30),
        help: "How often each end of an idle connection shows that it lives; after twice this it counts as lost.")
    static let brokerCAFile = Setting<String>(
        "broker.tls.ca-file", .readableFile, defaultNote: "the system's",
        help: "PEM file of the authorities that may vouch for the broker and its management API.")
    static let brokerCertificateFile = Setting<String>(
        "broker.tls.cert-file", .readableFile, defaultNote: "none",
        help: "PEM file with this office's certificate, for a broker that asks for one.")
    static let brokerKeyFile = Setting<String>(
        "broker.tls.key-file", .readableFile, defaultNote: "none",
        help: "PEM file with the key of broker.tls.cert-file.")
    static let brokerVerify = Setting<BrokerSettings.Verification>(
        "broker.tls.verify", .choice, default: .full,
        help: "What is checked of the broker's certificate: authority and host name (full), authority only (ca), "
            + "nothing (none; for tests).")

    static let allowPlaintext = Setting<Bool>(
        "allow-plaintext", .boolean, default: false,
        help: "Connect to other machines without TLS too, and warn of it in the log.")

    static let tables: Setting<TableSelection> = tables(at: nil)

    /// - Parameter role: whose configuration it is; nil: that is not known.
    static func tables(at role: OfficeRole?) -> Setting<TableSelection> {
        Setting<TableSelection>(
            "tables", .tables(at: role), default: .listed([]), defaultNote: "none; at the head any",
            help:
                "The synced tables: name or schema.name, or entries with direction and route; or all, with exceptions as "
                + "all,-name. At the head the only ones accepted. The variable takes JSON too.")
    }

    static let newColumns = Setting<NewColumns>(
        "new-columns", .choice,
        defaultNote: "add in tables that Trunkline made; else keep at the head, refuse at a branch",
        help:
            "What becomes of columns that this office's tables do not have: add them, keep their values until the table "
            + "has them, or refuse the rows; in force after init.")

    static let clockTolerance = Setting<Duration>(
        "clock.tolerance", .duration(.seconds(1)...(.seconds(86_400))), default: OfficeSetup.clockTolerance,
        help: "By how much another office's clock may be ahead before its versions of shared rows cannot win; in force "
            + "after init.")

    static let batchRows = Setting<Int>(
        "batch.rows", .integer(1...200_000), default: 5_000, help: "The most changes in one batch.")
    static let batchBytes = Setting<Int>(
        "batch.bytes", .integer(1_024...(32 << 20), unit: "bytes"), default: 1 << 20,
        help: "About how large a batch gets before compression.")
    static let batchWindow = Setting<Int>(
        "batch.window", .integer(1...10_000), default: 64, help: "The most batches sent and not yet acked.")
    static let batchMaxRowBytes = Setting<Int>(
        "batch.max-row-bytes", .integer(1_024...(1 << 30), unit: "bytes"), default: 16 << 20,
        help: "A larger row is set aside at the sender; keep it below the receiver's receiver.max-body-bytes.")
    static let batchIdleInterval = Setting<Duration>(
        "batch.idle-interval", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(600),
        help:
            "An idle stream whose receiver was not heard of for so long gets an empty batch, so that a receiver that was "
            + "restored is noticed.")

    static let staleTimeout = Setting<Duration>(
        "stale.timeout", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(60),
        help: "A batch unacked for so long, with the link up and the receiver's queue drained, is sent again; "
            + "doubled at each attempt.")
    static let staleCeiling = Setting<Duration>(
        "stale.ceiling", .duration(.seconds(1)...(.seconds(7 * 86_400))), default: .seconds(3_600),
        help: "The most that stale.timeout grows to.")
    static let retryInterval = Setting<Duration>(
        "retry.interval", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(30),
        help: "How often the receiver tries set-aside rows again.")

    static let receiverPrefetch = Setting<Int>(
        "receiver.prefetch", .integer(1...1_000), default: 4,
        help: "The most messages of one branch that the broker hands an ingestor ahead.")
    static let receiverMaxMessageBytes = Setting<Int>(
        "receiver.max-message-bytes", .integer(1_024...(512 << 20), unit: "bytes"), default: WireLimits().messageBytes,
        help: "A larger message is refused.")
    static let receiverMaxBodyBytes = Setting<Int>(
        "receiver.max-body-bytes", .integer(1_024...(1 << 30), unit: "bytes"), default: WireLimits().bodyBytes,
        help: "A message that decompresses to more is refused.")

    static let monitoringAddress = Setting<MonitoringAddress>(
        "monitoring.address", .address, defaultNote: "none: no server",
        help:
            "Where a service answers /livez, /readyz, /healthz and /metrics over HTTP: 127.0.0.1:9464, or 0.0.0.0:9464 "
            + "where others look; there are no secrets, and no password.")
    static let monitoringStalledAfter = Setting<Duration>(
        "monitoring.stalled-after", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(600),
        help: "A service is unhealthy that is connected for so long, has work, and achieves nothing.")
    static let monitoringStuckAfter = Setting<Duration>(
        "monitoring.stuck-after", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(600),
        help: "A service is not alive that is in one step for so long.")

    static let logLevel = Setting<Logger.Level>(
        "log.level", .choice, default: .info, help: "Messages below this level are left out.")
    static let logFormat = Setting<LogSettings.Format>(
        "log.format", .choice, default: .text, help: "How a message is written to stderr, one line each.")

    /// In the order of the reference.
    static let keys: [SettingKey] = [
        officeID.key, officeRole.key, databaseURL.key, brokerURL.key, brokerManagementURL.key, brokerHeartbeat.key,
        brokerCAFile.key,
        brokerCertificateFile.key, brokerKeyFile.key, brokerVerify.key, allowPlaintext.key, tables.key,
        newColumns.key, clockTolerance.key, batchRows.key,
        batchBytes.key,
        batchWindow.key, batchMaxRowBytes.key, batchIdleInterval.key, staleTimeout.key, staleCeiling.key,
        retryInterval.key, receiverPrefetch.key, receiverMaxMessageBytes.key, receiverMaxBodyBytes.key,
        monitoringAddress.key, monitoringStalledAfter.key, monitoringStuckAfter.key, logLevel.key, logFormat.key,
    ]

    /// Every name that a YAML file may use: the keys, and the file twins of the secrets.
    static let names: [String] = keys.flatMap { [$0.name] + ($0.fileKeyName.map { [$0] } ?? []) }
}
