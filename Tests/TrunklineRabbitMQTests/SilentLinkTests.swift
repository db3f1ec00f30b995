import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// A link that takes nothing more in the middle of a message, and does not say so.
@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct SilentLinkTests {
    @Test func aWriteIntoASilentLinkFailsAfterTwoHeartbeats() async throws {
        let fixture = try await LinkFixture()
        var configuration = try RabbitMQConfiguration(url: fixture.broker.url)
        let proxy = try LinkProxy(to: #require(UInt16(exactly: configuration.port)))
        defer { proxy.stop() }
        (configuration.port, configuration.heartbeat) = (Int(proxy.port), 1)
        let link = RabbitMQLink(configuration)
        #expect(try await link.publishAndSettle(.batch("a")) != nil)

        proxy.set(.held)
        let start = ContinuousClock.now
        let body = [UInt8](repeating: 0x5a, count: 16 << 20)
        let error = try await brokerError { _ = try await link.publish(.batch("b", body: body)) }
        #expect(error.code == .unreachable)
        #expect(ContinuousClock.now - start < patience)

        proxy.set(.good)
        #expect(try await link.publishAndSettle(.batch("c")) != nil)
    }
}
