import Testing
import TrunklineCore
import TrunklineTesting

/// A SQLite branch takes from the head what it lists, and nothing else; its own programs write there only if it says so.
struct SQLiteDownReceivingTests {
    private static let price = "create table price (id integer primary key, amount int)"
    private static let down = TableRule(TableName("price"), direction: .down)

    private func fleet(
        _ listed: [TableRule]? = nil, branch: String = price, acceptsNew: Bool = false
    ) async throws -> SQLiteDownFleet {
        let fleet = try await SQLiteDownFleet(
            ["east"], head: Self.price, [Self.down], branch: branch, listing: listed, acceptsNew: acceptsNew)
        try fleet.headDatabase.run("insert into price values (1, 10), (2, 20)")
        return fleet
    }

    private func reason(_ fleet: SQLiteDownFleet) async throws -> String {
        try await fleet.store("east").rows(of: TableName("price"), matching: RowFilter()).rows.first?.reason ?? ""
    }

    @Test func aTillThatWritesToATableOfTheHeadIsRefusedByItsOwnDatabase() async throws {
        let fleet = try await fleet()
        try await fleet.sync("east")
        let east = fleet.database("east")
        for sql in [
            "insert into price values (3, 3)", "update price set amount = 1", "delete from price",
            "insert or replace into price values (1, 1)", "insert or ignore into price values (9, 1)",
        ] {
            let outcome = try east.attempt(sql)
            #expect(outcome.exit != .code(0))
            #expect(outcome.errors.contains("Trunkline") && outcome.errors.contains("head office"))
        }
        try fleet.headDatabase.run("update price set amount = 11 where id = 1; delete from price where id = 2")
        try await fleet.sync("east")
        #expect(try east.run("select * from price") == "1|11")
        #expect(try east.run("select count(*) from trunkline_applying") == "0")
        // A table that is made anew is guarded again as soon as the service looks.
        try east.run("drop table price; \(Self.price)")
        try fleet.headDatabase.run("update price set amount = 12")
        try await fleet.sync("east")
        #expect(try east.attempt("delete from price").exit != .code(0))
    }

    @Test func withOverwriteTheHeadsRowReturnsAtItsNextChange() async throws {
        let rule = TableRule(TableName("price"), direction: .down, localWrites: .overwrite)
        let fleet = try await fleet([rule])
        try await fleet.sync("east")
        try fleet.database("east").run("update price set amount = 99 where id = 1")
        let result = try await fleet.verify("east")
        #expect(result.tables.first?.differingKeys.map(\.key) == [RowKey(["1"])])
        try fleet.headDatabase.run("update price set amount = 12 where id = 1")
        try await fleet.sync("east")
        #expect(try await fleet.verify("east").agrees)
        // Refused from now on, and free again when it leaves the list.
        try await fleet.initialise("east", [Self.down])
        #expect(try fleet.database("east").attempt("delete from price").exit != .code(0))
        try await fleet.initialise("east", [])
        try fleet.database("east").run("delete from price")
    }

    @Test func aTableThatTheBranchDoesNotListIsSetAsideWithTheWayOut() async throws {
        let fleet = try await fleet([])
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select count(*) from price") == "0")
        #expect(try await fleet.head.status()[0].setAside == 1)
        let told = try await fleet.head.rows(of: TableName("price"), matching: RowFilter()).rows
        #expect(told.map(\.state) == [.setAside, .setAside])
        #expect(told[0].reason?.contains("\"price\"") == true && told[0].reason?.contains("direction: down") == true)
        try await fleet.initialise("east", [Self.down])
        _ = try await fleet.store("east").retrySetAside(SetAsideSelection(), limit: 100)
        try await fleet.deliverAcks("east")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select count(*) from price") == "2")
    }

    @Test func aTableThatIsUpHereAndDownThereStandsAloneInItsTrouble() async throws {
        let fleet = try await fleet([TableRule(TableName("price"))])
        try fleet.database("east").run("insert into price values (7, 70)")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select id from price") == "7")
        let reason = try await fleet.head.rows(of: TableName("price"), matching: RowFilter()).rows[0].reason
        #expect(reason?.contains("\"up\"") == true && reason?.contains("\"down\"") == true)
        // The same the other way round.
        let stream = StreamID(from: OfficeID("east")!, to: .head)
        let claimed = try #require(try await fleet.store("east").claimBatch(of: stream, window: 64, changes: 10))
        let limits = ReadLimits(batchBytes: .max, rowBytes: 1 << 20)
        guard case .content(let tables) = try await fleet.store("east").readBatch(claimed, limits: limits) else {
            throw TestFailure("too large")
        }
        let batch = try InboundBatch(message: BatchEncoder.encode(claimed, tables: tables))
        guard case .stored(1, 0, 1, let first?) = try await fleet.head.receive(batch, parking: false) else {
            throw TestFailure("not stored")
        }
        #expect(first.table == TableName("price") && first.reason.contains("\"down\""))
        #expect(try fleet.headDatabase.run("select count(*) from price") == "2")
    }

    @Test func newTablesAreMadeAndAcceptedFromThenOn() async throws {
        let fleet = try await fleet([], branch: "create table mine (id integer primary key)", acceptsNew: true)
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select count(*) from price") == "2")
        #expect(try fleet.database("east").attempt("delete from price").exit != .code(0))
        try fleet.headDatabase.run("update price set amount = 5")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select sum(amount) from price") == "10")
        #expect(
            try await fleet.store("east").rows(of: TableName("price"), matching: RowFilter()).rows.map(\.state)
                == [.acked, .acked])
        // A table of the till's own is none of them.
        try fleet.headDatabase.run("create table mine (id integer primary key); insert into mine values (1)")
        try await fleet.initialiseHead([Self.down, TableRule(TableName("mine"), direction: .down)])
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select count(*) from mine") == "0")
    }

    @Test func aDeleteThatTheTillsRowsForbidIsSetAsideAndTriedAgain() async throws {
        let fleet = try await fleet(
            [Self.down, TableRule(TableName("sale"))],
            branch: "\(Self.price); create table sale (id integer primary key, price int references price)")
        try await fleet.sync("east")
        try fleet.database("east").run("pragma foreign_keys = on; insert into sale values (1, 1)")
        try fleet.headDatabase.run("delete from price where id = 1; update price set amount = 21 where id = 2")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select * from price") == "1|10\n2|21")
        #expect(try await fleet.head.status()[0].setAside == 1)
        try fleet.database("east").run("delete from sale")
        _ = try await fleet.store("east").retrySetAside(SetAsideSelection(), limit: 100)
        #expect(try fleet.database("east").run("select * from price") == "2|21")
    }

    @Test func whatWasAppliedDoesNotTravelBack() async throws {
        let fleet = try await fleet(
            [Self.down, TableRule(TableName("sale"))], branch: "create table sale (id integer primary key)")
        try await fleet.sync("east")
        #expect(try fleet.database("east").run("select count(*) from trunkline_change") == "0")
        #expect(try await fleet.store("east").streamsWithWork(window: 64, silence: nil).isEmpty)
    }

    @Test func theHeadTellsHowFarARowHasCome() async throws {
        let fleet = try await SQLiteDownFleet(head: Self.price, [Self.down])
        try await fleet.syncAll()
        try fleet.headDatabase.run("insert into price values (1, 1)")
        func state(_ branch: String?) async throws -> [RowState] {
            try await fleet.head.rows(
                of: TableName("price"), matching: RowFilter(branch: branch.map { OfficeID($0)! })
            ).rows.map(\.state)
        }
        #expect(try await state(nil) == [.pending])
        try await fleet.sync("east")
        #expect(try await state("east") == [.acked])
        #expect(try await state(nil) == [.pending])
        let claimed = try #require(try await fleet.claim("west"))
        #expect(try await state("west") == [.sent])
        #expect(try await state(nil) == [.sent])
        try await fleet.deliver(claimed, to: "west")
        try await fleet.deliverAcks("west")
        #expect(try await state(nil) == [.acked])
        try fleet.headDatabase.run("delete from price")
        let gone = try await fleet.head.rows(of: TableName("price"), matching: RowFilter()).rows
        #expect(gone.map(\.deleted) == [true] && gone.map(\.state) == [.pending])
        _ = try await fleet.head.resync(nil, to: OfficeID("east"))
        try fleet.headDatabase.run("insert into price values (2, 2)")
        #expect(try await state("east").first == .pending)
    }
}
