import Testing
import TrunklineCore
import TrunklineHTTP
import TrunklineManagement
import TrunklineTesting

/// RabbitMQ's management API over TLS, against a broker whose certificate comes from an authority of its own.
@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct ManagementTests {
    @Test func managementOverTLSProvesWhoIsAtTheOtherEnd() async throws {
        let broker = try await PrivateBroker()
        let trusted = HTTPCall.Trust(caFile: broker.caFile)
        let url = broker.managementTLS
        let administration = try BrokerAdministration(url: url, virtualHost: "/", trust: trusted)
        let east = OfficeID("east")!
        let credentials = BranchCredentials(user: administration.userName(of: east))
        #expect(try await !administration.userExists(credentials.user))
        try await administration.setPassword(credentials)
        try await administration.grant(credentials.user, east)
        #expect(try await administration.userExists(credentials.user))
        try await administration.deleteUser(credentials.user)
        #expect(try await !administration.userExists(credentials.user))
        // Without TLS, where the API has that.
        #expect(
            try await !BrokerAdministration(url: broker.management, virtualHost: "/").userExists(credentials.user))

        #expect(await refusal(url, HTTPCall.Trust()) == .tls)
        let misnamed = url.replacing("@localhost:", with: "@127.0.0.1:")
        #expect(await refusal(misnamed, trusted) == .tls)
        #expect(await refusal(misnamed, HTTPCall.Trust(caFile: broker.caFile, verifiesHostName: false)) == nil)
        #expect(await refusal(url, HTTPCall.Trust(verifiesPeer: false)) == nil)
        #expect(await refusal(url, HTTPCall.Trust(caFile: "/nowhere/ca.pem")) == .tls)
        let stranger = url.replacing("//trunkline:", with: "//trunkline:not")
        #expect(await refusal(stranger, trusted) == .accessRefused)
        try await broker.stop()
        #expect(await refusal(url, trusted) == .unreachable)
    }

    /// - Returns: how a call fails; nil: it succeeds.
    private func refusal(_ url: String, _ trust: HTTPCall.Trust) async -> BrokerError.Code? {
        do throws(BrokerError) {
            _ = try await BrokerAdministration(url: url, virtualHost: "/", trust: trust).userExists("nobody")
            return nil
        } catch {
            // Whatever it is, the password is not in it.
            #expect(!error.description.contains(url.split(separator: "@")[0].split(separator: ":").last ?? "none"))
            return error.code
        }
    }
}
