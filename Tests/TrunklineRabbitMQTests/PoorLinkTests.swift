import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Links that take nothing more in the middle of a message without saying so, or little at a time.
@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct PoorLinkTests {
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

    /// The figures of `scripts/hour-a-day` rest on it.
    @Test func theLinkOfTheTestsIsAsSlowAsItSays() async throws {
        let fixture = try await LinkFixture()
        var configuration = try RabbitMQConfiguration(url: fixture.broker.url)
        let proxy = try LinkProxy(to: #require(UInt16(exactly: configuration.port)))
        defer { proxy.stop() }
        configuration.port = Int(proxy.port)
        let link = RabbitMQLink(configuration)
        #expect(try await link.publishAndSettle(.batch("a")) != nil)

        let before = proxy.traffic.up
        proxy.set(.slow(kilobits: 256, roundTrip: .milliseconds(300)))
        let start = ContinuousClock.now
        #expect(try await link.publishAndSettle(.batch("b", body: [UInt8](repeating: 1, count: 64_000))) != nil)
        // 64,000 bytes at 32,000 a second, and a round trip.
        #expect(ContinuousClock.now - start >= .milliseconds(2_250))
        #expect((64_000...66_000).contains(proxy.traffic.up - before))
    }
}
