import Logging
import Testing
import TrunklineCore

@testable import TrunklineRuntime

@Suite struct SettingsPrecedenceTests {
    @Test func aFileAloneGivesItsValuesAndTheDefaults() async throws {
        let settings = try await Configured(yaml: Configured.complete).load()
        #expect(settings.office == OfficeSettings(id: OfficeID("east")!, role: .branch))
        #expect(settings.tables == .names([TableName("product_sales"), TableName(schema: "stock", "items")]))
        #expect(
            settings.batch
                == BatchSettings(
                    rows: 5_000, bytes: 1 << 20, window: 64, maxRowBytes: 16 << 20, idleInterval: .seconds(600)))
        #expect(settings.stale == StaleSettings(timeout: .seconds(60), ceiling: .seconds(3_600)))
        #expect(settings.receiver.retryInterval == .seconds(30))
        #expect(settings.log == LogSettings(level: .info, format: .text))
    }

    @Test func environmentWinsOverFileAndFlagsOverBoth() async throws {
        var configured = Configured(yaml: Configured.complete + "\nbatch: {rows: 10, window: 3}")
        configured.environment = ["TRUNKLINE_BATCH_ROWS": "20", "TRUNKLINE_OFFICE_ID": "west"]
        configured.flags = ["office.id": "north"]
        let settings = try await configured.load()
        #expect(settings.office.id == OfficeID("north"))
        #expect(settings.batch.rows == 20)
        #expect(settings.batch.window == 3)
    }

    @Test func everyKeyHasItsVariable() async throws {
        #expect(SettingTable.batchMaxRowBytes.key.environmentName == "TRUNKLINE_BATCH_MAX_ROW_BYTES")
        let settings = try await Configured(
            environment: [
                "TRUNKLINE_OFFICE_ROLE": "head", "TRUNKLINE_DATABASE_URL": "postgres://localhost/shop",
                "TRUNKLINE_BROKER_URL": "amqps://head:secret@broker.example/", "TRUNKLINE_BATCH_MAX_ROW_BYTES": "2048",
                "TRUNKLINE_BROKER_TLS_VERIFY": "ca", "TRUNKLINE_TABLES": "a, \"b,c\" ,d.e",
                "TRUNKLINE_LOG_FORMAT": "json",
                "TRUNKLINE_STALE_TIMEOUT": "90s",
            ]
        ).load()
        #expect(settings.office == OfficeSettings(id: .head, role: .head))
        #expect(settings.batch.maxRowBytes == 2_048)
        #expect(settings.broker.verify == .ca)
        #expect(settings.tables == .names([TableName("a"), TableName("b,c"), TableName(schema: "d", "e")]))
        #expect(settings.log.format == .json)
        #expect(settings.stale.timeout == .seconds(90))
    }

    @Test func theFileMayComeFromTheEnvironment() async throws {
        let configured = Configured(
            environment: ["TRUNKLINE_CONFIG": "DIR/from-env.yaml", "TRUNKLINE_TEST_POSTGRES": "anything"])
        let settings = try await configured.load(files: ["from-env.yaml": Configured.complete])
        #expect(settings.office.id == OfficeID("east"))
    }

    @Test func anEmptyValueCountsAsNotGiven() async throws {
        var configured = Configured(yaml: Configured.complete + "\nbatch: {rows: }")
        configured.environment = ["TRUNKLINE_OFFICE_ID": "", "TRUNKLINE_TABLES": ""]
        let settings = try await configured.load()
        #expect(settings.office.id == OfficeID("east"))
        #expect(settings.batch.rows == 5_000)
        #expect(settings.tables.rules?.count == 2)
    }

    @Test func tablesInAFileMayHaveCommasInstead() async throws {
        var configured = Configured(yaml: "tables: a, b")
        configured.flags = ["office.id": "head", "database.url": "sqlite:///x"]
        #expect(try await configured.load().tables == .names([TableName("a"), TableName("b")]))
    }
}
