import Testing

@testable import TrunklineRuntime

@Suite struct SecretTests {
    private static let password = "s3cr3t"

    @Test func aSecretMayStandInAFile() async throws {
        let yaml = """
            office: {id: east}
            database: {url-file: DIR/database-url}
            """
        let settings = try await Configured(yaml: yaml, environment: ["TRUNKLINE_BROKER_URL_FILE": "DIR/broker-url"])
            .load(files: [
                "database-url": "postgres://east:s3cr3t@localhost/shop\n", "broker-url": "\n amqps://u:p@h \n",
            ])
        #expect(settings.database.url.revealed == "postgres://east:s3cr3t@localhost/shop")
        #expect(settings.broker.url?.revealed == "amqps://u:p@h")
    }

    @Test func aSecretGivenTwiceInOneLayerIsRefused() async throws {
        var configured = Configured(yaml: Configured.complete)
        configured.environment = ["TRUNKLINE_BROKER_URL": "amqps://a:b@c", "TRUNKLINE_BROKER_URL_FILE": "DIR/f"]
        let problems = try await configured.problems(files: ["f": "amqps://u:p@h"])
        #expect(problems.count == 1)
        #expect(
            problems[0].hasSuffix("both TRUNKLINE_BROKER_URL and TRUNKLINE_BROKER_URL_FILE are given; leave one out"))
    }

    @Test func aFileOfAHigherLayerWinsOverAValueOfALowerOne() async throws {
        let settings = try await Configured(
            yaml: Configured.complete, environment: ["TRUNKLINE_BROKER_URL_FILE": "DIR/f"]
        ).load(files: ["f": "amqps://u:p@h"])
        #expect(settings.broker.url?.revealed == "amqps://u:p@h")
    }

    @Test func anEmptySecretFileIsRefused() async throws {
        let problems = try await Configured(
            yaml: Configured.complete, environment: ["TRUNKLINE_DATABASE_URL_FILE": "DIR/f"]
        ).problems(files: ["f": " \n"])
        #expect(problems.count == 1)
        #expect(problems[0].hasSuffix("is empty"))
    }

    @Test func noDescriptionShowsASecret() async throws {
        let settings = try await Configured(
            environment: [
                "TRUNKLINE_OFFICE_ID": "east",
                "TRUNKLINE_DATABASE_URL":
                    "postgres://till:s3cr3t@db.example:5432/shop?password=s3cr3t&sslmode=verify-full",
                "TRUNKLINE_BROKER_URL": "amqps://east:s3cr3t@broker.example/vhost",
                "TRUNKLINE_BROKER_MANAGEMENT_URL": "https://admin:s3cr3t@broker.example:15671",
            ]
        ).load()
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped] {
            #expect(!text.contains(SecretTests.password))
        }
        #expect("\(settings)".contains("postgres://db.example:5432/shop"))
    }

    @Test(arguments: [
        ("postgres://db.example/shop", "postgres://db.example/shop"),
        ("postgres://u:s3cr3t@h:5432/shop", "postgres://h:5432/shop"),
        ("postgres://u:s3@cr3t@h/shop", "postgres://h/shop"),
        ("postgres://u:s3cr3t", "postgres://…"),
        ("postgres://u:p?s3cr3t@h/shop", "postgres://…"),
        ("postgres://u:5#s3cr3t@h/shop", "postgres://…"),
        ("amqp://u:s3/cr3t@h/v", "amqp://h/v"),
        ("amqp://u:s3cr3t@[::1]:5672/v", "amqp://[::1]:5672/v"),
        ("sqlite:///var/lib/shop.db", "sqlite:///var/lib/shop.db"),
        ("POSTGRES://h?password=s3cr3t", "postgres://h"),
    ])
    func aURLShowsOnlyWhereItLeads(text: String, expected: String) throws {
        #expect(try #require(SecretURL(text)).description == expected)
    }

    @Test(arguments: [
        ["TRUNKLINE_DATABASE_URL": "mysql://u:s3cr3t@h/x"], ["TRUNKLINE_DATABASE_URL": "s3cr3t"],
        ["TRUNKLINE_BROKER_URL": "amqp://u:s3cr3t@h:port"], ["TRUNKLINE_BROKER_URL": "amqp://s3cr3t"],
        ["TRUNKLINE_S3CR3T_FILE": "s3cr3t"],
    ])
    func noProblemShowsASecret(environment: [String: String]) async throws {
        var configured = Configured(yaml: Configured.complete)
        configured.environment = environment
        let problems = try await configured.problems()
        #expect(!problems.isEmpty)
        #expect(!problems.joined().contains(SecretTests.password))
    }

    @Test func aBrokenFileIsNotQuoted() async throws {
        let problems = try await Configured(yaml: "broker: {url: \"amqp://u:s3cr3t@h\" x").problems()
        #expect(problems.count == 1)
        #expect(!problems[0].contains(SecretTests.password))
    }
}
