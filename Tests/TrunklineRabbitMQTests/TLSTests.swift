import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Against a broker of its own, whose certificate names `localhost` and comes from an authority of its own.
@Suite(.enabled(if: TestEnvironment.hasBroker, "run ./scripts/test"))
struct TLSTests {
    @Test func provesWhoIsAtTheOtherEnd() async throws {
        let broker = try await PrivateBroker()
        var trusted = try RabbitMQConfiguration(url: broker.tlsURL)
        trusted.tls?.caFile = broker.caFile
        try await carriesMessages(trusted)
        try await refusesOtherAuthorities(trusted)
        try await refusesOtherNames(trusted)
        try await refusesUnusableFiles(trusted, broker)
        try await refusesAPortThatSpeaksPlain(trusted, broker)
        try await saysThatACertificateHasEnded(trusted, broker)
    }

    private func carriesMessages(_ configuration: RabbitMQConfiguration) async throws {
        let link = RabbitMQLink(configuration)
        try await LinkFixture.declare(on: link)
        let body = [UInt8](repeating: 42, count: 3_000_000)
        #expect(
            try await link.publishAndSettle(.batch("1", body: body))
                == .confirmed(MessageTag(connection: 1, number: 1)))
        try await link.consume([LinkFixture.queue], prefetch: 1)
        let delivery = try #require(try await link.receive(within: patience))
        let same = delivery.body == body
        #expect(same)
        try await link.acknowledge(delivery)
    }

    private func refusesOtherAuthorities(_ trusted: RabbitMQConfiguration) async throws {
        var configuration = trusted
        configuration.tls?.caFile = nil
        let untrusted = try await brokerError { try await RabbitMQLink(configuration).keepAlive() }
        #expect(untrusted.code == .tls)
        #expect(!untrusted.isTransient)
        configuration.tls?.verifiesPeer = false
        try await RabbitMQLink(configuration).keepAlive()
    }

    private func refusesOtherNames(_ trusted: RabbitMQConfiguration) async throws {
        var configuration = trusted
        configuration.host = "127.0.0.1"
        let misnamed = try await brokerError { try await RabbitMQLink(configuration).keepAlive() }
        #expect(misnamed.code == .tls)
        #expect(misnamed.hint?.contains("another host") == true)
        configuration.tls?.verifiesHostName = false
        try await RabbitMQLink(configuration).keepAlive()
    }

    private func refusesUnusableFiles(_ trusted: RabbitMQConfiguration, _ broker: PrivateBroker) async throws {
        let directory = URL(filePath: broker.caFile).deletingLastPathComponent().path
        var configuration = trusted
        configuration.tls?.caFile = "/nowhere/ca.pem"
        let missing = try await brokerError { try await RabbitMQLink(configuration).keepAlive() }
        #expect(missing.code == .tls)
        #expect(missing.subject == "/nowhere/ca.pem")

        configuration = trusted
        configuration.tls?.certificateFile = "\(directory)/server.pem"
        let half = try await brokerError { try await RabbitMQLink(configuration).keepAlive() }
        #expect(half.code == .configuration)
        configuration.tls?.keyFile = "\(directory)/ca.key"
        let mismatch = try await brokerError { try await RabbitMQLink(configuration).keepAlive() }
        #expect(mismatch.code == .tls)
        // The broker takes an office's certificate, and no server's for one.
        configuration.tls?.keyFile = "\(directory)/server.key"
        await #expect(throws: BrokerError.self) { try await RabbitMQLink(configuration).keepAlive() }
        try Command.script("generate-certificates", [directory, "office", "east"])
        configuration.tls?.certificateFile = "\(directory)/east.pem"
        configuration.tls?.keyFile = "\(directory)/east.key"
        try await RabbitMQLink(configuration).keepAlive()
    }

    private func saysThatACertificateHasEnded(
        _ trusted: RabbitMQConfiguration, _ broker: PrivateBroker
    ) async throws {
        let link = RabbitMQLink(trusted)
        try await link.keepAlive()
        #expect(try #require(await link.certificateEnd()) > Date.now.timeIntervalSince1970 + 300 * 86_400)
        let directory = URL(filePath: broker.caFile).deletingLastPathComponent()
        func file(_ name: String) -> String { directory.appending(path: name).path }
        func openssl(_ arguments: [String]) throws { try Command.run("/usr/bin/openssl", arguments) }
        try "subjectAltName=DNS:localhost".write(toFile: file("names"), atomically: true, encoding: .utf8)
        try openssl(["req", "-new", "-key", file("server.key"), "-subj", "/CN=localhost", "-out", file("request")])
        try openssl([
            "x509", "-req", "-in", file("request"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-days", "-1",
            "-extfile", file("names"), "-out", file("server.pem"),
        ])
        try await broker.control("eval", "ssl:clear_pem_cache().")
        let yesterday = String(Date(timeIntervalSinceNow: -86_400).ISO8601Format().prefix(10))
        try await eventually("the certificate ends") {
            let ended = await #expect(throws: BrokerError.self) { try await RabbitMQLink(trusted).keepAlive() }
            return ended?.code == .tls && ended?.hint?.contains("expired on \(yesterday)") == true
        }
    }

    private func refusesAPortThatSpeaksPlain(
        _ trusted: RabbitMQConfiguration, _ broker: PrivateBroker
    ) async throws {
        var configuration = trusted
        configuration.port = try RabbitMQConfiguration(url: broker.url).port
        let plain = try await brokerError { try await RabbitMQLink(configuration).keepAlive() }
        #expect(plain.code == .tls)
    }
}
