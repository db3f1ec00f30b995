/// The monitoring server cannot listen.
public struct MonitoringError: Error, Hashable, Sendable, CustomStringConvertible {
    public var address: MonitoringAddress
    public var reason: String

    public var description: String {
        "monitoring.address: \(address) cannot be listened on: \(reason); choose another address or port, or end what listens there"
    }
}
