import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct ConnectionTests {
    @Test func connectsOnlyWhenNeeded() async throws {
        let broker = try await TestBroker()
        let link = try RabbitMQLink(RabbitMQConfiguration(url: broker.url))
        await link.close()
        try await link.keepAlive()
        try await eventually("a connection") { try await broker.connectionCount() == 1 }
        await link.close()
        try await eventually("no connection") { try await broker.connectionCount() == 0 }
        try await link.keepAlive()
        try await eventually("a connection again") { try await broker.connectionCount() == 1 }
    }

    @Test func releasingTheLinkClosesTheConnection() async throws {
        let broker = try await TestBroker()
        var link: RabbitMQLink? = try RabbitMQLink(RabbitMQConfiguration(url: broker.url))
        try await link?.keepAlive()
        try await eventually("a connection") { try await broker.connectionCount() == 1 }
        link = nil
        try await eventually("no connection") { try await broker.connectionCount() == 0 }
    }

    @Test func thePasswordIsAskedForAtEachConnect() async throws {
        let broker = try await TestBroker()
        var old = try RabbitMQConfiguration(url: broker.url)
        old.password = "of yesterday"
        let url = broker.url
        let connection = RabbitMQConnection(old, rereadURL: { () throws(BrokerError) in url })
        let link = RabbitMQLink(on: connection)
        try await link.keepAlive()
        await link.close()
    }

    @Test func aWrongPasswordIsRefused() async throws {
        let broker = try await TestBroker()
        var configuration = try RabbitMQConfiguration(url: broker.url)
        configuration.password = "wrong-hunter2"
        let link = RabbitMQLink(configuration)
        let error = try await brokerError { try await link.keepAlive() }
        #expect(error.code == .accessRefused)
        #expect(!error.isTransient)
        #expect(error.hint?.contains("broker.url") == true)
        #expect(!error.description.contains("hunter2"))
    }

    @Test func aMissingVirtualHostIsRefused() async throws {
        let broker = try await TestBroker()
        var configuration = try RabbitMQConfiguration(url: broker.url)
        configuration.virtualHost = "nowhere"
        let link = RabbitMQLink(configuration)
        let error = try await brokerError { try await link.keepAlive() }
        #expect(error.code == .accessRefused)
        #expect(error.reason.contains("nowhere"))
        #expect(error.hint?.contains("virtual host") == true)
    }

    @Test func aVirtualHostOfOthersIsRefused() async throws {
        let broker = try await TestBroker()
        let link = try await RabbitMQLink(RabbitMQConfiguration(url: broker.addStranger("stranger")))
        let error = try await brokerError { try await link.keepAlive() }
        #expect(error.code == .accessRefused)
        #expect(error.hint?.contains("virtual host") == true)
    }

    @Test func aClosedPortIsUnreachable() async throws {
        let link = try RabbitMQLink(RabbitMQConfiguration(url: "amqp://u:p@127.0.0.1:1/"))
        let error = try await brokerError { try await link.keepAlive() }
        #expect(error.code == .unreachable)
        #expect(error.isTransient)
        #expect(
            error.description
                == "broker: connect 127.0.0.1:1: nothing listens there, or there is no way to it; check that the broker runs, the network, and host and port in broker.url"
        )
    }

    @Test func anUnknownHostIsUnreachable() async throws {
        let link = try RabbitMQLink(RabbitMQConfiguration(url: "amqp://u:p@broker.invalid/"))
        let error = try await brokerError { try await link.keepAlive() }
        #expect(error.code == .unreachable)
        #expect(error.hint == "check the host in broker.url, and the name server")
    }

    @Test(arguments: [0, 601])
    func refusesAHeartbeatOutOfRange(heartbeat: Int) async throws {
        var configuration = try RabbitMQConfiguration(url: "amqp://u:p@127.0.0.1:1/")
        configuration.heartbeat = heartbeat
        let link = RabbitMQLink(configuration)
        let error = try await brokerError { try await link.keepAlive() }
        #expect(error.code == .configuration)
    }

    @Test func aConnectionThatIsClosedByAnOperatorIsTransientAndComesBack() async throws {
        let fixture = try await LinkFixture()
        try await fixture.link.consume([LinkFixture.queue], prefetch: 1)
        _ = try await fixture.link.publish(.batch("1"))
        try await fixture.broker.closeConnections()
        let error = try await brokerError {
            while true { _ = try await fixture.link.confirmations(within: patience) }
        }
        #expect(error.isTransient)
        let tag = try await fixture.link.publish(.batch("2"))
        #expect(tag == MessageTag(connection: 2, number: 1))
        #expect(try await fixture.link.settle(1) == [.confirmed(tag)])
        #expect(try await fixture.link.receive(within: patience) != nil, "consumes again by itself")
    }

    /// With a heartbeat of two seconds the broker gives up after six without a sign of life from us.
    @Test func heartbeatsKeepAnIdleConnection() async throws {
        let fixture = try await LinkFixture()
        let link = try fixture.anotherLink { $0.heartbeat = 2 }
        try await link.consume([LinkFixture.queue], prefetch: 1)
        #expect(try await link.receive(within: .seconds(8)) == nil)
        let tag = try await link.publish(.batch("1"))
        #expect(tag.connection == 1)
        #expect(try await link.settle(1) == [.confirmed(tag)])
    }

    /// The broker gives up on a silent client, and says so only by closing the socket.
    @Test func aLinkThatNobodyCallsIsLostAndComesBack() async throws {
        let fixture = try await LinkFixture()
        let silent = try fixture.anotherLink { $0.heartbeat = 1 }
        try await silent.consume([LinkFixture.queue], prefetch: 1)
        try await eventually("the broker gives up") {
            try await fixture.link.depth(of: LinkFixture.queue).consumers == 0
        }
        let error = try await brokerError { try await silent.keepAlive() }
        #expect(error.code == .unreachable)
        try await silent.keepAlive()
    }
}
