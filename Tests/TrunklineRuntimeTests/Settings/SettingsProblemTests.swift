import Testing

@testable import TrunklineRuntime

@Suite struct SettingsProblemTests {
    @Test func allProblemsAreReportedInOneGo() async throws {
        let yaml = """
            office: {role: brunch}
            batch: {rows: many, window: 0}
            stale: {timeout: 90, ceiling: 30s}
            broker: {ulr: "amqp://localhost"}
            tables: [a, a]
            log: {level: [info, debug]}
            """
        let problems = try await Configured(yaml: yaml, environment: ["TRUNKLINE_BATCH_BYTE": "5"])
            .problems(for: SettingsRequirements("test", broker: .always))
        #expect(
            problems == [
                "unknown key broker.ulr, did you mean broker.url?",
                "unknown environment variable TRUNKLINE_BATCH_BYTE, did you mean TRUNKLINE_BATCH_BYTES?",
                "office.role: \"brunch\" is not one of head, branch; did you mean branch?",
                "office.id: is missing; set it in the configuration file or as TRUNKLINE_OFFICE_ID; write head, or this branch's name, such as east",
                "database.url: is missing; set it in the configuration file or as TRUNKLINE_DATABASE_URL or the file TRUNKLINE_DATABASE_URL_FILE",
                "broker.url: is missing; set it in the configuration file or as TRUNKLINE_BROKER_URL or the file TRUNKLINE_BROKER_URL_FILE",
                "tables: a: is named twice; leave one out",
                "batch.rows: \"many\" is not a whole number",
                "batch.window: 0 is not from 1 to 10000",
                "stale.timeout: \"90\" is not a duration; write it like 500ms, 90s, 5m or 2h",
                "log.level: takes one value, not a list",
            ])
    }

    @Test func aValueFromTheEnvironmentIsBlamedOnItsVariable() async throws {
        let problems = try await Configured(
            yaml: Configured.complete, environment: ["TRUNKLINE_BATCH_ROWS": "0x10"]
        ).problems()
        #expect(problems == ["batch.rows (from TRUNKLINE_BATCH_ROWS): \"0x10\" is not a whole number"])
    }

    @Test(arguments: [
        ("broker: amqp://localhost", "unknown key broker, did you mean broker.url?"),
        ("tabels: [a]", "unknown key tabels, did you mean tables?"),
        ("broker: {tls: {cafile: x}}", "unknown key broker.tls.cafile, did you mean broker.tls.ca-file?"),
        ("office: {id: {east: 1}}", "unknown key office.id.east; \"trunkline config\" lists all keys"),
        ("zebra: 1", "unknown key zebra; \"trunkline config\" lists all keys"),
    ])
    func unknownKeysSayWhatWasMeant(yaml: String, expected: String) async throws {
        #expect(try await Configured(yaml: yaml).problems().first == expected)
    }

    @Test func aTimeoutAboveItsCeilingIsRefused() async throws {
        let problems = try await Configured(yaml: Configured.complete + "\nstale: {timeout: 2h}").problems()
        #expect(problems == ["stale.ceiling: is less than stale.timeout; make it at least 2h"])
    }

    @Test func aFileThatIsNoConfigurationIsRefusedWithItsPlace() async throws {
        #expect(try await Configured(yaml: "a: [1").problems().first?.contains("line 2, column 1") == true)
        #expect(try await Configured(yaml: "a: 1\na: 2").problems().first?.contains("a is given twice") == true)
        #expect(try await Configured(yaml: "- a").problems().first?.contains("is not a mapping") == true)
        let missing = try await Configured(environment: ["TRUNKLINE_CONFIG": "DIR/none.yaml"]).problems()
        #expect(missing.first?.contains("there is no file") == true)
    }

    @Test func aTLSSettingWithoutTLSIsRefused() async throws {
        let problems = try await Configured(
            yaml: Configured.complete, environment: ["TRUNKLINE_BROKER_TLS_CERT_FILE": "DIR/c.pem"]
        ).problems(files: ["c.pem": "-"])
        #expect(
            problems == [
                "broker.tls.cert-file: has no effect without TLS; write amqps:// in broker.url, or leave it out",
                "broker.tls.key-file: is missing; set it in the configuration file or as TRUNKLINE_BROKER_TLS_KEY_FILE; a certificate and its key go together",
            ])
    }

    @Test func aFileThatIsNotThereIsNamed() async throws {
        let problems = try await Configured(
            yaml: Configured.complete, environment: ["TRUNKLINE_BROKER_TLS_CA_FILE": "DIR/ca.pem"]
        ).problems()
        let expected = "broker.tls.ca-file (from TRUNKLINE_BROKER_TLS_CA_FILE): there is no file"
        #expect(problems.contains { $0.hasPrefix(expected) })
    }

    /// The management API may be on another machine than the broker's plain port.
    @Test func theAuthorityHoldsForTheManagementAPIToo() async throws {
        let yaml = """
            office: {id: head}
            database: {url: "sqlite:///var/lib/shop.db"}
            broker: {url: "amqp://h:p@localhost/", management-url: "MANAGEMENT", tls: {ca-file: DIR/ca.pem}}
            """
        func problems(_ url: String) async throws -> [String] {
            try await Configured(yaml: yaml.replacing("MANAGEMENT", with: url)).problems(files: ["ca.pem": "x"])
        }
        #expect(try await problems("https://a:p@localhost:15671") == [])
        #expect(
            try await problems("http://a:p@localhost:15672").first?.hasPrefix("broker.tls.ca-file: has no effect")
                == true)
    }
}
