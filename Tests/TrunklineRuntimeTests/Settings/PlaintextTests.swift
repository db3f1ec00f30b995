import Testing

@testable import TrunklineRuntime

@Suite struct PlaintextTests {
    private func configured(database: String = "sqlite:///x", broker: String = "amqps://u:p@h") -> Configured {
        Configured(environment: [
            "TRUNKLINE_OFFICE_ID": "east", "TRUNKLINE_DATABASE_URL": database, "TRUNKLINE_BROKER_URL": broker,
        ])
    }

    @Test(arguments: [
        "amqps://u:p@broker.example", "amqp://u:p@localhost", "amqp://u:p@127.0.0.1:5672/v", "amqp://u:p@127.9.8.7",
        "amqp://u:p@[::1]:5672",
    ])
    func aBrokerByTLSOrOnThisMachineIsFine(url: String) async throws {
        #expect(try await configured(broker: url).load().plaintext == [])
    }

    @Test(arguments: [
        "amqp://u:p@broker.example", "amqp://u:p@10.0.0.1", "amqp://u:p@127.1", "amqp://u:p@127.0.0.1.example",
        "amqp://u:p@[2001:db8::1]", "amqp://127.0.0.1:p@broker", "amqp://u:p@localhost.example",
    ])
    func aBrokerElsewhereNeedsTLS(url: String) async throws {
        let problems = try await configured(broker: url).problems()
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("broker.url: amqp://") == true)
        #expect(problems.first?.hasSuffix("write amqps://, or set allow-plaintext") == true)
    }

    @Test(arguments: [
        "postgres://u:p@localhost/shop", "postgres://u:p@[::1]/shop", "postgres:///shop",
        "postgres:///shop?host=/run/postgresql", "postgres://u@db.example/shop?sslmode=verify-full",
        "postgres://u@db.example/shop?sslmode=verify-ca", "postgres://u@db.example/shop?sslmode=require",
        "postgres://u@db.example/shop?hostaddr=127.0.0.1", "sqlite:///shop.db",
    ])
    func aDatabaseByTLSOrOnThisMachineIsFine(url: String) async throws {
        #expect(try await configured(database: url).load().plaintext == [])
    }

    @Test(arguments: [
        "postgres://u:p@db.example/shop", "postgres://u@db.example/shop?sslmode=prefer",
        "postgres://u@db.example/shop?sslmode=allow", "postgres://u@db.example/shop?sslmode=disable",
        "postgres://u@localhost,db.example/shop", "postgres://u@localhost/shop?hostaddr=10.0.0.1",
        "postgres:///shop?host=db.example",
    ])
    func aDatabaseElsewhereNeedsTLS(url: String) async throws {
        let problems = try await configured(database: url).problems()
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("database.url: postgres://") == true)
        #expect(problems.first?.hasSuffix("add ?sslmode=verify-full, or set allow-plaintext") == true)
    }

    @Test func theManagementAPICarriesAPasswordToo() async throws {
        var configured = configured()
        configured.environment["TRUNKLINE_BROKER_MANAGEMENT_URL"] = "http://admin:p@broker.example:15672"
        let problems = try await configured.problems()
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("broker.management-url: http://broker.example:15672 is another") == true)
        for url in ["https://admin:p@broker.example:15671", "http://admin:p@[::1]:15672"] {
            configured.environment["TRUNKLINE_BROKER_MANAGEMENT_URL"] = url
            #expect(try await configured.problems() == [])
        }
    }

    @Test func itMayBeAllowedAndIsRemembered() async throws {
        var configured = configured(database: "postgres://u:s3cr3t@db.example/shop", broker: "amqp://u:s3cr3t@broker")
        configured.environment["TRUNKLINE_ALLOW_PLAINTEXT"] = "true"
        let settings = try await configured.load()
        #expect(settings.plaintext.map(\.key) == ["database.url", "broker.url"])
        #expect(settings.plaintext.map(\.place) == ["postgres://db.example/shop", "amqp://broker"])
        configured.environment["TRUNKLINE_ALLOW_PLAINTEXT"] = nil
        configured.yaml = "allow-plaintext: true"
        #expect(try await configured.load().plaintext.count == 2)
        configured.yaml = "allow-plaintext: yes"
        #expect(try await configured.problems().first == "allow-plaintext: \"yes\" is neither true nor false")
    }

    @Test func aPathInTheFileIsRelativeToTheFile() async throws {
        let yaml = """
            office: {id: east}
            database: {url-file: database-url}
            broker: {url: "amqps://u:p@h", tls: {ca-file: ca.pem}}
            """
        let settings = try await Configured(yaml: yaml).load(files: ["database-url": "sqlite:///y", "ca.pem": "-"])
        #expect(settings.database.url.revealed == "sqlite:///y")
        #expect(settings.broker.caFile?.hasSuffix("/ca.pem") == true)
        #expect(settings.broker.caFile?.hasPrefix("/") == true)
    }
}
