import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What the head writes reaches its branches: to all, to some, to one.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct DownTests {
    @Test(arguments: Pairing.all) func aBranchGetsTheCatalogueAndEachChange(_ pairing: Pairing) async throws {
        let pair = try await DownPair(
            pairing, [DownPair.east, DownPair.west], head: DownPair.prices, branch: DownPair.price, DownPair.all)
        #expect(try await pair.sync() == 3)
        #expect(try pair.rows(DownPair.listing) == "1|tea|150\n2|jam|225\n3|ink|400")
        try pair.headDatabase.run(
            "update price set cents = 175 where id = 1; delete from price where id = 3; insert into price values (4, 'oil', 999)"
        )
        #expect(try await pair.sync() == 3)
        #expect(try pair.rows(DownPair.listing) == "1|tea|175\n2|jam|225\n4|oil|999")
        #expect(try await pair.sync() == 0)
        // The other one has taken nothing so far: what it is loaded with may travel once more as a change.
        #expect(try await (5...6).contains(pair.sync(DownPair.west)))
        #expect(try pair.rows(DownPair.listing, at: DownPair.west) == "1|tea|175\n2|jam|225\n4|oil|999")
        #expect(try await pair.verify().agrees)
        #expect(try await pair.verify(DownPair.west).agrees)
        // Nothing of it is left in the log when all have it.
        for branch in [DownPair.east, DownPair.west] {
            while try await pair.head.prune(DownPair.stream(branch)) > 0 {}
        }
        while try await pair.head.pruneShared() {}
        let log = pairing.head == .postgres ? "trunkline.change" : "trunkline_change"
        #expect(try pair.headDatabase.run("select count(*) from \(log)") == "0")
        let status = try await pair.head.status().filter { $0.direction == .sending }
        #expect(
            status.count == 2 && status.allSatisfy { $0.pending == 0 && $0.inFlightChanges == 0 && $0.setAside == 0 })
    }

    @Test(arguments: Pairing.all) func aRowGoesToTheBranchThatItsColumnNames(_ pairing: Pairing) async throws {
        let sql = "create table transfer (id integer primary key, shop text, what text);"
        let pair = try await DownPair(
            pairing, [DownPair.east, DownPair.west], head: sql,
            [TableRule(TableName("transfer"), direction: .down, route: .column("shop"))])
        try pair.headDatabase.run(
            "insert into transfer values (1, 'east', 'a'), (2, 'west', 'b'), (3, null, 'c'), (4, 'nobody', 'd')")
        #expect(try await pair.sync() == 1)
        #expect(try await pair.sync(DownPair.west) == 1)
        #expect(try pair.rows("select id from transfer") == "1")
        #expect(try pair.rows("select id from transfer", at: DownPair.west) == "2")
        try pair.headDatabase.run("update transfer set shop = 'west' where id = 1")
        _ = try await pair.sync()
        _ = try await pair.sync(DownPair.west)
        #expect(try pair.rows("select count(*) from transfer") == "0")
        #expect(try pair.rows("select id from transfer order by id", at: DownPair.west) == "1\n2")
        #expect(try await pair.verify().agrees)
        #expect(try await pair.verify(DownPair.west).agrees)
    }

    /// Streams at the same place ask for the same bytes, which are then read once.
    @Test(arguments: Pairing.all) func whatAllGetIsNamedAlike(_ pairing: Pairing) async throws {
        let pair = try await DownPair(
            pairing, [DownPair.east, DownPair.west], head: DownPair.prices, branch: DownPair.price, DownPair.all)
        for cents in [1, 2] {
            try pair.headDatabase.run("update price set cents = \(cents)")
            for branch in [DownPair.east, DownPair.west] { try await pair.sync(branch) }
        }
        try pair.headDatabase.run("update price set cents = 3")
        func claim(_ branch: OfficeID) async throws -> ClaimedBatch {
            try #require(try await pair.head.claimBatch(of: DownPair.stream(branch), window: 64, changes: 5_000))
        }
        let (east, west) = (try await claim(DownPair.east), try await claim(DownPair.west))
        #expect(east.sharedContent != nil && east.sharedContent == west.sharedContent)
        for batch in [east, west] { try await pair.head.releaseBatch(batch) }
        for branch in [DownPair.east, DownPair.west] { try await pair.sync(branch) }
        // A line for one alone is read for it alone.
        try await pair.head.sendAgain([RowKey(["1"])], of: TableName("price"), in: DownPair.stream(DownPair.east))
        #expect(try await claim(DownPair.east).sharedContent == nil)
    }

    @Test(arguments: Pairing.all) func aRowForNoBranchIsNotCalledAcked(_ pairing: Pairing) async throws {
        let sql = """
            create table transfer (id integer primary key, shop text, what text);
            create table region_branch (region text, branch_id text, primary key (region, branch_id));
            insert into region_branch values ('north', 'east'), ('south', 'nobody');
            """
        let mapping = TableRoute.mapping(
            column: "shop", through: TableName("region_branch"), from: "region", to: "branch_id")
        for route in [TableRoute.column("shop"), mapping] {
            let rule = TableRule(
                TableName("transfer"), direction: .down, route: route, filter: "what <> '%1$L' and what <> 'x'")
            let pair = try await DownPair(pairing, head: sql, [rule])
            let mine = route == mapping ? "north" : "east"
            try pair.headDatabase.run(
                "insert into transfer values (1, '\(mine)', 'a'), (2, 'south', 'b'), (3, null, 'c'), (4, '\(mine)', 'x')"
            )
            func states(_ filter: RowFilter = RowFilter()) async throws -> [String] {
                try await pair.head.rows(of: TableName("transfer"), matching: filter).rows.map {
                    "\($0.values[0]!) \($0.state.rawValue)"
                }
            }
            #expect(try await states().first == "1 pending")
            try await pair.sync()
            #expect(try await states() == ["1 acked", "2 no branch", "3 no branch", "4 no branch"])
            #expect(try await states(RowFilter(states: [.unrouted], limit: 1)) == ["2 no branch"])
            #expect(try await states(RowFilter(states: [.acked])) == ["1 acked"])
            #expect(try await states(RowFilter(branch: DownPair.east)) == ["1 acked"])
            _ = try await pair.head.removeBranch(DownPair.east)
            #expect(try await states(RowFilter(branch: DownPair.east)) == ["1 no branch"])
        }
    }

    @Test(arguments: Pairing.all) func aRegionThatMovesTakesItsRowsAlong(_ pairing: Pairing) async throws {
        let sql = """
            create table region_branch (region text, branch_id text, primary key (region, branch_id));
            create table offer (id integer primary key, region text, what text);
            """
        let pair = try await DownPair(
            pairing, [DownPair.east, DownPair.west],
            head: sql + "insert into region_branch values ('n', 'east'), ('s', 'west');"
                + "insert into offer values (1, 'n', 'a'), (2, 's', 'b');",
            branch: "create table offer (id integer primary key, region text, what text);",
            [
                TableRule(
                    TableName("offer"), direction: .down,
                    route: .mapping(
                        column: "region", through: TableName("region_branch"), from: "region", to: "branch_id"))
            ])
        func both() async throws -> [String] {
            _ = try await pair.sync()
            _ = try await pair.sync(DownPair.west)
            return try [DownPair.east, DownPair.west].map {
                try pair.rows("select id from offer order by id", at: $0).split(separator: "\n").joined(separator: ",")
            }
        }
        #expect(try await both() == ["1", "2"])
        try pair.headDatabase.run("update region_branch set branch_id = 'west' where region = 'n'")
        #expect(try await both() == ["", "1,2"])
        try pair.headDatabase.run(
            "insert into region_branch values ('s', 'east'); delete from region_branch where region = 'n'")
        #expect(try await both() == ["2", "2"])
        try pair.headDatabase.run("update offer set region = 's' where id = 1")
        #expect(try await both() == ["1,2", "1,2"])
        #expect(try await pair.verify().agrees)
        #expect(try await pair.verify(DownPair.west).agrees)
    }

    @Test(arguments: Pairing.all) func rowsThatGoWithTheirMappingLeaveTheBranch(_ pairing: Pairing) async throws {
        let foreignKeys = pairing.head == .sqlite ? "pragma foreign_keys = on;" : ""
        let pair = try await DownPair(
            pairing,
            head: """
                create table ord (id integer primary key, branch_id text);
                create table part (id integer primary key, ord integer references ord on delete cascade);
                create table note (id integer primary key, ord integer references ord on delete set null);
                insert into ord values (1, 'east'), (2, 'east');
                insert into part values (1, 1), (2, 2);
                insert into note values (1, 1), (2, 2);
                """,
            branch: "create table part (id integer primary key, ord integer);"
                + "create table note (id integer primary key, ord integer);",
            ["part", "note"].map {
                TableRule(
                    TableName($0), direction: .down,
                    route: .mapping(column: "ord", through: TableName("ord"), from: "id", to: "branch_id"))
            })
        try await pair.sync()
        #expect(try pair.rows("select count(*) from part") == "2")
        try pair.headDatabase.run("\(foreignKeys) delete from ord where id = 1")
        try await pair.sync()
        #expect(try pair.rows("select id from part") == "2")
        #expect(try pair.rows("select id from note") == "2")
        #expect(try await pair.verify().agrees)
    }

    @Test func aHeadThatCameFromADumpCapturesMappedTables() async throws {
        let offer = "create table offer (id integer primary key, region text);"
        let pair = try await DownPair(
            Pairing(branch: .sqlite, head: .postgres),
            head: offer + "create table region_branch (region text primary key, branch_id text);"
                + "insert into region_branch values ('n', 'east'); insert into offer values (1, 'n');",
            branch: offer,
            [
                TableRule(
                    TableName("offer"), direction: .down,
                    route: .mapping(
                        column: "region", through: TableName("region_branch"), from: "region", to: "branch_id"))
            ])
        try await pair.sync()
        // The same rows and triggers, all of them with other oids.
        let dump = try Command.run("pg_dump", ["--dbname=\(pair.headDatabase.url)", "--no-owner"])
        try pair.headDatabase.run("drop schema trunkline cascade; drop table offer, region_branch")
        try pair.headDatabase.run(dump)
        let head = try Pair.store(pair.headDatabase)
        _ = try await head.streamsWithWork(window: 64, silence: nil)
        try pair.headDatabase.run("insert into offer values (2, 'n')")
        let claimed = try #require(
            try await head.claimBatch(of: DownPair.stream(DownPair.east), window: 64, changes: 10))
        #expect(claimed.changes > 0)
        #expect(
            try pair.headDatabase.run(
                "select count(*) from trunkline.change where key = '{2}' and destination = 'east'")
                == "1")
        #expect(try #require(try await head.status().first { $0.direction == .sending }).standing.isEmpty)
    }

    @Test func aRowThatIsWrittenWhileItsRegionMovesReachesItsBranch() async throws {
        let sql = """
            create table region_branch (region text primary key, branch_id text);
            create table offer (id integer primary key, region text, what text);
            """
        let pair = try await DownPair(
            Pairing(branch: .sqlite, head: .postgres), [DownPair.east, DownPair.west],
            head: sql + "insert into region_branch values ('n', 'east');",
            branch: "create table offer (id integer primary key, region text, what text);",
            [
                TableRule(
                    TableName("offer"), direction: .down,
                    route: .mapping(
                        column: "region", through: TableName("region_branch"), from: "region", to: "branch_id"))
            ])
        func sync() async throws {
            try await Task.sleep(for: .milliseconds(600))
            for branch in [DownPair.east, DownPair.west] { try await pair.sync(branch) }
        }
        try pair.headDatabase.run("insert into offer values (1, 'n', 'early')")
        try await sync()
        // One that knows the mapping as it was is open while it changes.
        let slow = try OpenTransaction(pair.headDatabase.url, "insert into offer values (2, 'n', 'late')")
        try pair.headDatabase.run("update region_branch set branch_id = 'west'")
        try await sync()
        try slow.commit()
        try await sync()
        try await sync()
        #expect(try pair.rows("select what from offer order by id", at: DownPair.west) == "early\nlate")
        #expect(try pair.rows("select count(*) from offer") == "0")
        // The mapping is open, and does not see who comes and goes meanwhile.
        let move = try OpenTransaction(pair.headDatabase.url, "update region_branch set branch_id = 'east'")
        try pair.headDatabase.run("insert into offer values (3, 'n', 'between')")
        try await sync()
        try move.commit()
        try await sync()
        try await sync()
        #expect(try pair.rows("select what from offer order by id") == "early\nlate\nbetween")
        #expect(try pair.rows("select count(*) from offer", at: DownPair.west) == "0")
        // One that reads the mapping as it was long ago.
        let old = try OpenTransaction(
            pair.headDatabase.url, "set transaction isolation level repeatable read; select count(*) from region_branch"
        )
        try pair.headDatabase.run("update region_branch set branch_id = 'west'")
        try await sync()
        try await sync()
        try old.commit(after: "insert into offer values (4, 'n', 'old')")
        try await sync()
        #expect(try pair.rows("select count(*) from offer where id = 4", at: DownPair.west) == "1")
        #expect(try pair.rows("select count(*) from offer") == "0")
        #expect(try pair.headDatabase.run("select count(*) from trunkline.moved_value") == "0")
        #expect(try await pair.verify().agrees)
        #expect(try await pair.verify(DownPair.west).agrees)
    }

    @Test func linesForABranchThatIsAwayAreAboutOneAKey() async throws {
        let sql = "create table transfer (id integer primary key, shop text, what integer);"
        let pair = try await DownPair(
            Pairing(branch: .sqlite, head: .postgres), [DownPair.east, DownPair.west], head: sql,
            [TableRule(TableName("transfer"), direction: .down, route: .column("shop"))])
        try pair.headDatabase.run("insert into transfer select n, 'east', 0 from generate_series(1, 5000) n")
        for round in 1...12 {
            try pair.headDatabase.run("update transfer set what = \(round)")
            // Others open waves.
            try pair.headDatabase.run("insert into transfer values (\(10_000 + round), 'west', 1)")
            try await pair.sync(DownPair.west)
            while try await pair.head.pruneShared() {}
        }
        let lines = try Int(pair.headDatabase.run("select count(*) from trunkline.change where destination = 'east'"))
        #expect(lines ?? .max < 40_000)
        try await pair.sync()
        #expect(try pair.rows("select count(*), min(what) from transfer") == "5000|12")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aConditionThatBecomesFalseTakesTheRowAway(_ pairing: Pairing) async throws {
        let sql = "create table price (id integer primary key, amount integer not null, active integer not null);"
        let pair = try await DownPair(
            pairing, head: sql + "insert into price values (1, 5, 1), (2, 6, 0);", branch: sql,
            [TableRule(TableName("price"), direction: .down, filter: "active = 1 -- what is sold")])
        #expect(try await pair.sync() == 1)
        try pair.headDatabase.run("update price set active = 1 - active")
        #expect(try await pair.sync() == 2)
        #expect(try pair.rows("select id from price") == "2")
        #expect(try await pair.verify().agrees)
    }

    /// The text stands within statements of ours, which it must not end or open.
    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func aConditionIsOneConditionAndNothingElse(
        _ head: DatabaseKind
    ) async throws {
        let pair = try await DownPair(Pairing(branch: .sqlite, head: head), head: DownPair.price, DownPair.all)
        func initialise(_ filter: String) async throws {
            let rule = TableRule(TableName("price"), direction: .down, filter: filter)
            _ = try await pair.head.initialise(OfficeSetup(office: .head, role: .head, tables: [rule]))
        }
        for filter in [
            "true) OR (true", "true); drop table price; select (true", "true; drop table price",
            "true THEN 1 END FROM price; drop table price; --", "true THEN 1 WHEN true", "cents > 1 /* dear",
            "(cents > 1",
            "cents > 1)", "name = 'tea", "cents > 1, true", "select true", "cents > ?", "",
        ] {
            let refused = await #expect(throws: StoreError.self, "\(filter)") { try await initialise(filter) }
            #expect(refused?.code == .table && refused?.reason.contains("where") == true, "\(filter)")
        }
        for filter in [
            "cents in (1, 2) and (id > 0 or (name is null)) -- )", "/* ( */ name <> ') or (' and cents > 1",
            "case when cents > 1 then true else name = 'x' end", "exists (select 1 where cents > 1)",
        ] {
            try await initialise(filter)
        }
        #expect(try pair.headDatabase.run("select count(*) from price") == "0")
    }

    @Test(arguments: Pairing.all) func aBranchThatIsAddedLaterIsLoadedWhileTheHeadGoesOn(_ pairing: Pairing)
        async throws
    {
        let pair = try await DownPair(
            pairing, [DownPair.east], head: DownPair.price, DownPair.all)
        let many = (1...40).map { "(\($0), 'p\($0)', \($0))" }.joined(separator: ",")
        try pair.headDatabase.run("insert into price values \(many)")
        _ = try await pair.sync()
        #expect(try await pair.head.addBranch(DownPair.west, brokerUser: "west"))
        let stream = DownPair.stream(DownPair.west)
        var seen: [Int: String] = [:]
        // Pieces of the load, and changes of rows that it has passed or not; one piece is lost on its way and goes again.
        for round in 1... {
            if round <= 12 {
                try pair.headDatabase.run(
                    "update price set cents = cents + 100 where id in (\(round), \(41 - round)); delete from price where id = \(round + 20);"
                        + "insert into price values (\(100 + round), 'new', 1); update price set id = \(200 + round) where id = \(100 + round)"
                )
            }
            guard let claimed = try await pair.head.claimBatch(of: stream, window: 64, changes: 3) else { break }
            if round == 4 {
                try await pair.head.releaseBatch(claimed)
                continue
            }
            if round == 6 { _ = try await pair.head.splitBatch(claimed, keeping: 1) }
            guard
                case .content(let tables) = try await pair.head.readBatch(
                    claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 1 << 20))
            else { throw TestFailure("too large") }
            for table in tables {
                for key in table.deletes.isEmpty
                    ? [] : String(decoding: table.deletes, as: UTF8.self).split(separator: "\n")
                {
                    seen[Int(key)!] = nil
                }
                for line in String(decoding: table.rows, as: UTF8.self).split(separator: "\n") {
                    let fields = line.split(separator: "\t")
                    seen[Int(fields[0])!] = "\(fields[0])|\(fields[1])|\(fields[2])"
                }
            }
        }
        let expected = try pair.headDatabase.run(DownPair.listing)
        #expect(seen.sorted { $0.key < $1.key }.map(\.value).joined(separator: "\n") == expected)
    }

    @Test(arguments: Pairing.all) func aTillIsToldWhereATableIsWritten(_ pairing: Pairing) async throws {
        let pair = try await DownPair(pairing, head: DownPair.prices, branch: DownPair.price, DownPair.all)
        _ = try await pair.sync()
        let branch = pair.branches[DownPair.east]!
        for sql in ["update price set cents = 0", "delete from price", "insert into price values (9, 'x', 1)"] {
            let outcome = try branch.database.attempt(sql)
            #expect(outcome.exit != .code(0))
            #expect(
                outcome.errors.contains("price") && outcome.errors.contains("Trunkline")
                    && outcome.errors.contains("head"))
        }
        #expect(try pair.rows("select count(*) from price where cents = 0") == "0")
        // Overwritten instead: the head's row returns with its next change, and until then the comparison names it.
        _ = try await branch.store.initialise(
            OfficeSetup(
                office: DownPair.east, role: .branch,
                tables: [TableRule(TableName("price"), direction: .down, localWrites: .overwrite)]))
        try branch.database.run("update price set cents = 0 where id = 1")
        let result = try await pair.verify()
        #expect(result.tables.first?.differingKeys.map(\.key) == [RowKey(["1"])])
        try pair.headDatabase.run("update price set name = 'green tea' where id = 1")
        _ = try await pair.sync()
        #expect(try await pair.verify().agrees)
        #expect(try pair.rows("select cents from price where id = 1") == "150")
    }
}
