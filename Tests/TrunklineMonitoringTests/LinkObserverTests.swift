import Synchronization
import Testing
import TrunklineCore
import TrunklineMonitoring

@Suite struct LinkObserverTests {
    private let registry = PrometheusRegistry()
    private let base = StandInLink()
    private let lost = BrokerError(.unreachable, operation: "connect", subject: "broker", reason: "no route")
    private let refused = BrokerError(.accessRefused, operation: "connect", subject: "broker", reason: "ACCESS_REFUSED")

    private final class Heard: Sendable {
        let events = Mutex<[HealthEvent]>([])
    }

    private func shows(_ line: String) -> Bool { registry.text.contains(line + "\n") }

    @Test func aConnectionIsToldOnceAndEachOneAfterItCounts() async throws {
        let heard = Heard()
        let link = ObservedOutbox(
            base,
            telemetry: ServiceTelemetry(service: "s", metrics: registry) { event in
                heard.events.withLock { $0.append(event) }
            })
        #expect(shows(#"trunkline_link_up{service="s"} 0"#) && shows(#"trunkline_reconnects_total{service="s"} 0"#))
        try await link.keepAlive()
        try await link.keepAlive()
        #expect(shows(#"trunkline_link_up{service="s"} 1"#) && shows(#"trunkline_reconnects_total{service="s"} 0"#))
        base.fails(with: lost)
        await #expect(throws: lost) { try await link.keepAlive() }
        #expect(shows(#"trunkline_link_up{service="s"} 0"#))
        // A list of what was confirmed is there without a connection too.
        base.fails(with: nil)
        _ = try await link.confirmations(within: .zero)
        #expect(shows(#"trunkline_link_up{service="s"} 0"#))
        try await link.keepAlive()
        #expect(shows(#"trunkline_link_up{service="s"} 1"#) && shows(#"trunkline_reconnects_total{service="s"} 1"#))
        // A service closes its link after a failure of its database too.
        await link.close()
        #expect(shows(#"trunkline_link_up{service="s"} 1"#))
        try await link.keepAlive()
        #expect(shows(#"trunkline_reconnects_total{service="s"} 2"#))
        base.fails(with: refused)
        await #expect(throws: refused) { try await link.keepAlive() }
        #expect(
            heard.events.withLock { $0 } == [
                .linkUp, .linkDown(reason: lost.description, isRefusal: false), .linkUp, .linkUp,
                .linkDown(reason: refused.description, isRefusal: true),
            ])
    }

    @Test func aMessageThatIsTooLargeIsNoLoss() async throws {
        let link = ObservedInbox(base, telemetry: ServiceTelemetry(service: "s", metrics: registry) { _ in })
        try await link.keepAlive()
        let large = BrokerError(.tooLarge, operation: "receive", subject: "queue", reason: "too large")
        base.fails(with: large)
        await #expect(throws: large) { try await link.receive(within: .zero) }
        #expect(shows(#"trunkline_link_up{service="s"} 1"#))
    }
}
