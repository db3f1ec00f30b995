public import TrunklineCore

/// The whole configuration of an office, checked. Printing or dumping it shows no secret.
public struct Settings: Sendable {
    public var office: OfficeSettings
    public var database: DatabaseSettings
    public var broker: BrokerSettings
    /// Connections to other machines without TLS, which `allow-plaintext` allows.
    public var plaintext: [PlaintextConnection]
    /// The synced tables; none at the head: any.
    public var tables: TableSelection
    /// What becomes of columns that this office's tables do not have; nil: the default.
    public var newColumns: NewColumns?
    /// By how much another office's clock may be ahead.
    public var clockTolerance: Duration
    public var batch: BatchSettings
    public var stale: StaleSettings
    public var receiver: ReceiverSettings
    public var monitoring: MonitoringSettings
    public var log: LogSettings
}
