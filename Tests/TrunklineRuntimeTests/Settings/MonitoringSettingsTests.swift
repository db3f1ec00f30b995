import Testing
import TrunklineMonitoring

@testable import TrunklineRuntime

@Suite struct MonitoringSettingsTests {
    @Test func nobodyCanAskUnlessAnAddressIsSet() async throws {
        let settings = try await Configured(yaml: Configured.complete).load().monitoring
        #expect(settings == MonitoringSettings(address: nil, stalledAfter: .seconds(600), stuckAfter: .seconds(600)))
    }

    @Test func theAddressIsAHostAndAPort() async throws {
        let environment = ["TRUNKLINE_MONITORING_ADDRESS": "[::]:9464"]
        let settings = try await Configured(yaml: Configured.complete, environment: environment).load().monitoring
        #expect(settings.address?.description == "[::]:9464")
        let problems = try await Configured(
            yaml: Configured.complete, environment: ["TRUNKLINE_MONITORING_ADDRESS": "9464"]
        ).problems()
        #expect(
            problems == [
                "monitoring.address (from TRUNKLINE_MONITORING_ADDRESS): \"9464\" is not a host and a port; write it like 127.0.0.1:9464 or [::]:9464"
            ])
    }
}
