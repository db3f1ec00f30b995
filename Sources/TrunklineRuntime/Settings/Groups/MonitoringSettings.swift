public import TrunklineMonitoring

/// Where the services can be asked how they are, and when they are not well.
public struct MonitoringSettings: Hashable, Sendable {
    /// nil: nobody can ask.
    public var address: MonitoringAddress?
    public var stalledAfter: Duration
    public var stuckAfter: Duration
}

extension MonitoringSettings {
    init?(_ reader: inout SettingsReader) {
        let address = reader.read(SettingTable.monitoringAddress)
        let stalledAfter = reader.require(SettingTable.monitoringStalledAfter)
        let stuckAfter = reader.require(SettingTable.monitoringStuckAfter)
        guard let stalledAfter, let stuckAfter else { return nil }
        self.init(address: address, stalledAfter: stalledAfter, stuckAfter: stuckAfter)
    }
}
