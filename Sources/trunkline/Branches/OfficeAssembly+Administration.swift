import TrunklineCore
import TrunklineHTTP
import TrunklineManagement
import TrunklineRuntime

extension OfficeAssembly {
    /// Where the broker is, without a user.
    var brokerAddress: BrokerAddress {
        get throws(BrokerError) {
            guard let url = settings.broker.url else { preconditionFailure("the command did not ask for broker.url") }
            return try BrokerAddress(url)
        }
    }

    /// The broker's management; nil when `broker.management-url` is not set.
    var administration: BrokerAdministration? {
        get throws(BrokerError) {
            guard let url = settings.broker.managementURL else { return nil }
            let broker = settings.broker
            return try BrokerAdministration(
                url: url.revealed, virtualHost: try brokerAddress.virtualHost,
                trust: HTTPCall.Trust(
                    caFile: broker.caFile, verifiesPeer: broker.verify != .none,
                    verifiesHostName: broker.verify == .full))
        }
    }

    /// - Parameter hint: what to do without it.
    func administration(or hint: String) throws -> BrokerAdministration {
        if let administration = try administration { return administration }
        throw CommandFailure(.configuration, "broker.management-url: is missing; set it, \(hint)")
    }
}
