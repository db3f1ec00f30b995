import Testing
import TrunklineCore
import TrunklineRabbitMQ

@Suite struct ConfigurationURLTests {
    @Test func readsAllParts() throws {
        let configuration = try RabbitMQConfiguration(url: "amqp://east:secret@broker.example.com:5673/trunk")
        #expect(configuration.host == "broker.example.com")
        #expect(configuration.port == 5673)
        #expect(configuration.virtualHost == "trunk")
        #expect(configuration.user == "east")
        #expect(configuration.password == "secret")
        #expect(configuration.tls == nil)
        #expect(configuration.heartbeat == 30)
    }

    @Test(arguments: [
        ("amqp://u:p@h", 5672, "/"), ("amqp://u:p@h/", 5672, "/"), ("amqps://u:p@h", 5671, "/"),
        ("AMQPS://u:p@h:1/v", 1, "v"), ("amqp://u:p@h/%2f", 5672, "/"), ("amqp://u:p@h/a%2Fb", 5672, "a/b"),
    ])
    func fillsInDefaults(url: String, port: Int, virtualHost: String) throws {
        let configuration = try RabbitMQConfiguration(url: url)
        #expect(configuration.port == port)
        #expect(configuration.virtualHost == virtualHost)
        #expect((configuration.tls != nil) == url.lowercased().hasPrefix("amqps"))
    }

    @Test func verifiesTLSUnlessToldOtherwise() throws {
        let tls = try #require(RabbitMQConfiguration(url: "amqps://u:p@h").tls)
        #expect(tls.verifiesPeer)
        #expect(tls.verifiesHostName)
    }

    @Test func decodesPercents() throws {
        let configuration = try RabbitMQConfiguration(url: "amqp://us%40er:p%3A%2F%C3%BC:x@h/v%20w")
        #expect(configuration.user == "us@er")
        #expect(configuration.password == "p:/ü:x")
        #expect(configuration.virtualHost == "v w")
    }

    @Test func takesTheLastAtSign() throws {
        let configuration = try RabbitMQConfiguration(url: "amqp://u:p@ss@h")
        #expect(configuration.password == "p@ss")
        #expect(configuration.host == "h")
    }

    @Test(arguments: [("amqp://u:p@[::1]:5/v", 5), ("amqp://u:p@[::1]", 5672)])
    func readsIPv6Addresses(url: String, port: Int) throws {
        let configuration = try RabbitMQConfiguration(url: url)
        #expect(configuration.host == "::1")
        #expect(configuration.port == port)
    }

    @Test(arguments: [
        ("", "no scheme"), ("u:hunter2@h", "no scheme"), ("http://u:hunter2@h", "neither amqp nor amqps"),
        ("amqp://h", "no user"), ("amqp://:hunter2@h", "no user"), ("amqp://u@h", "no password"),
        ("amqp://u:hunter2@", "no host"), ("amqp://u:hunter2@:1", "no host"), ("amqp://u:hunter2@h:", "port"),
        ("amqp://u:hunter2@h:0", "port"), ("amqp://u:hunter2@h:65536", "port"), ("amqp://u:hunter2@h:x", "port"),
        ("amqp://u:hunter2@[::1", "without ]"), ("amqp://u:hunter2@[::1]x", "between"),
        ("amqp://u:hunter2@h/a/b", "virtual host"), ("amqp://u:hunter2%@h", "password has a %"),
        ("amqp://u:hunter2%+1@h", "password has a %"), ("amqp://u:hunter2%zz@h", "password has a %"),
        ("amqp://u:hunter2%ff@h", "not UTF-8"), ("amqp://u:hunter2%00@h", "not UTF-8"),
        ("amqp://u:hunter2@h/?heartbeat=5", "query"),
    ])
    func saysWhatIsWrongWithoutThePassword(url: String, reason: String) {
        let error = #expect(throws: BrokerError.self) { try RabbitMQConfiguration(url: url) }
        #expect(error?.code == .configuration)
        #expect(error?.subject == "broker.url")
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func printsNoPassword() throws {
        let configuration = try RabbitMQConfiguration(url: "amqp://u:hunter2@h/v")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("hunter2"))
        }
    }
}
