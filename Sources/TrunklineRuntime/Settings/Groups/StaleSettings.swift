/// When a sent batch is taken for lost.
public struct StaleSettings: Hashable, Sendable {
    public var timeout: Duration
    public var ceiling: Duration
}

extension StaleSettings {
    init?(_ reader: inout SettingsReader) {
        let timeout = reader.require(SettingTable.staleTimeout)
        let ceiling = reader.require(SettingTable.staleCeiling)
        guard let timeout, let ceiling else { return nil }
        if ceiling < timeout {
            let least = DurationText.format(timeout)
            reader.note("stale.ceiling: is less than stale.timeout; make it at least \(least)")
        }
        self.init(timeout: timeout, ceiling: ceiling)
    }
}
