import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Against brokers of their own, which crash, come back, or run out of memory.
@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct BrokerFaultTests {
    @Test func survivesACrashAndARestartOfTheBroker() async throws {
        let broker = try await PrivateBroker()
        let link = try RabbitMQLink(RabbitMQConfiguration(url: broker.url))
        try await LinkFixture.declare(on: link)
        try await link.consume([Topology.deadQueue], prefetch: 1)
        for id in ["a", "b"] {
            let confirmation = try await link.publishAndSettle(.batch(id))
            #expect(confirmation == .confirmed(MessageTag(connection: 1, number: id == "a" ? 1 : 2)))
        }

        try await broker.kill()
        let lost = try await brokerError { _ = try await link.receive(within: patience) }
        #expect(lost.code == .unreachable)
        let refused = try await brokerError { _ = try await link.publish(.batch("c")) }
        #expect(refused.code == .unreachable)

        try await broker.start()
        #expect(try await link.publishAndSettle(.batch("c")) != nil)
        let reader = try RabbitMQLink(RabbitMQConfiguration(url: broker.url))
        try await reader.consume([LinkFixture.queue], prefetch: 10)
        for id in ["a", "b", "c"] {
            let delivery = try #require(try await reader.receive(within: patience))
            #expect(delivery.messageID == id)
            try await reader.acknowledge(delivery)
        }

        try await broker.stop()
        let closed = try await brokerError {
            while true { _ = try await link.confirmations(within: patience) }
        }
        #expect(closed.isTransient)
    }

    /// RabbitMQ then stops reading from publishers, at the first message after the alarm.
    @Test func aBrokerThatIsLowOnMemoryTakesNothingAndThenGoesOn() async throws {
        let broker = try await PrivateBroker()
        let link = try RabbitMQLink(RabbitMQConfiguration(url: broker.url))
        try await LinkFixture.declare(on: link)
        try await broker.control("set_vm_memory_high_watermark", "0")
        var sent: [MessageTag] = []
        let error = try await brokerError {
            while sent.count < 1000 {
                sent.append(try await link.publish(.batch("\(sent.count)")))
                #expect(try await link.confirmations(within: .milliseconds(20)) == [])
            }
        }
        #expect(error.code == .unreachable)
        #expect(error.isTransient)
        #expect(error.hint?.contains("low on memory") == true)
        try await link.keepAlive()

        try await broker.control("set_vm_memory_high_watermark", "0.4")
        #expect(Set(try await link.settle(sent.count)) == Set(sent.map { .confirmed($0) }))
        let next = try await link.publish(.batch("next"))
        #expect(next == MessageTag(connection: 1, number: UInt64(sent.count) + 1))
    }
}
