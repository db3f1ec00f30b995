import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// A table whose rows cannot be read, or that the branch does not take, holds up nothing else.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct DownStandstillTests {
    /// PostgreSQL's readers wait for who has a table locked, as an ALTER TABLE or a VACUUM FULL does.
    @Test(arguments: [TableRoute.all, .column("shop")])
    func aTableThatSomebodyLocksHoldsUpItselfAlone(_ route: TableRoute) async throws {
        let tables = "create table note (id integer primary key, shop text);" + DownPair.price
        let note = TableRule(TableName("note"), direction: .down, route: route)
        let pair = try await DownPair(
            Pairing(branch: .postgres, head: .postgres), head: tables + "insert into note values (1, 'east');",
            branch: tables, DownPair.all + [note])
        try await pair.sync()
        try pair.headDatabase.run("insert into note values (2, 'east'); insert into price values (1, 'tea', 150)")
        let locked = try OpenTransaction(pair.headDatabase.url, "lock table note")
        try await pair.sync()
        #expect(try pair.rows("select name from price") == "tea")
        #expect(try pair.rows("select id from note") == "1")
        #expect(try await pair.sending().standing.map(\.table) == [TableName("note")])
        #expect(try await pair.sending().standing[0].reason.contains("another session has it locked"))
        // A load of it waits too, and so does what would begin one.
        try pair.headDatabase.run("update trunkline.synced_table set read_again_at = now()")
        try pair.headDatabase.run(
            "insert into trunkline.load (stream, table_id, is_new, sweeps) select 'head>east', id, false, false from trunkline.synced_table where name = 'note'"
        )
        try pair.headDatabase.run("insert into price values (2, 'jam', 225)")
        try await pair.sync()
        #expect(try pair.rows("select count(*) from price") == "2")

        try locked.commit()
        try await pair.readAgain()
        #expect(try pair.rows("select id from note order by id") == "1\n2")
        #expect(try await pair.sending().standing.isEmpty)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aConditionThatFailsForARowHoldsUpItsTableAlone(_ pairing: Pairing) async throws {
        let tables = "create table note (id integer primary key, body text);" + DownPair.price
        let condition = pairing.head == .postgres ? "(body::json ->> 'to') = 'all'" : "body ->> 'to' = 'all'"
        let note = TableRule(TableName("note"), direction: .down, filter: condition)
        let pair = try await DownPair(
            pairing, head: tables + #"insert into note values (1, '{"to": "all"}'), (2, '{"to": "me"}');"#,
            branch: tables, DownPair.all + [note])
        try await pair.sync()
        #expect(try pair.rows("select id from note") == "1")
        try pair.headDatabase.run(
            "insert into note values (3, 'no JSON'); insert into price values (1, 'tea', 150)")
        try await pair.sync()
        #expect(try pair.rows("select name from price") == "tea")
        #expect(try await pair.sending().standing.map(\.table) == [TableName("note")])
        #expect(try await pair.sending().standing[0].reason.contains("where fails for its rows"))
        let result = try await pair.verify()
        #expect(result.tables.first { $0.name == TableName("note") }?.isLeftOut == true)
        // A load of it waits too; what else there is goes on.
        _ = try await pair.head.resync(TableName("note"), to: nil)
        try pair.headDatabase.run("insert into price values (2, 'jam', 225)")
        try await pair.sync()
        #expect(try pair.rows("select count(*) from price") == "2")

        try pair.headDatabase.run(#"update note set body = '{"to": "all"}' where id = 3"#)
        try await pair.readAgain()
        #expect(try pair.rows("select id from note order by id") == "1\n3")
        #expect(try await pair.sending().standing.isEmpty)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aTableThatTheBranchDoesNotTakeIsOneEntryAndIsLoadedWhenItDoes(
        _ pairing: Pairing
    ) async throws {
        let note = "create table note (id integer primary key, word text);"
        let rules = DownPair.all + [TableRule(TableName("note"), direction: .down)]
        let pair = try await DownPair(
            pairing, head: DownPair.prices + note + "insert into note values (1, 'a')", branch: DownPair.price + note,
            rules,
            taking: [TableRule(TableName("note"), direction: .down)])
        try await pair.sync()
        #expect(try pair.rows("select count(*) from price") == "0")
        #expect(try pair.rows("select word from note") == "a")
        #expect(try await pair.sending().setAside == 1)
        let told = try await pair.head.rows(of: TableName("price"), matching: RowFilter()).rows
        #expect(told.map(\.state) == [.setAside, .setAside, .setAside])
        #expect(told.allSatisfy { $0.reason?.contains("direction: down") == true && !$0.deleted })
        // From now on its rows stay where they are.
        try pair.headDatabase.run(
            "update price set cents = 1; delete from price where id = 3; insert into note values (2, 'b')")
        #expect(try await pair.sync() == 2)
        #expect(try pair.rows("select count(*) from note") == "2")
        #expect(try await pair.sending().setAside == 1)

        let branch = pair.branches[DownPair.east]!
        _ = try await branch.store.initialise(OfficeSetup(office: DownPair.east, role: .branch, tables: rules))
        _ = try await branch.store.retrySetAside(SetAsideSelection(), limit: 100)
        try await pair.deliverAcks()
        #expect(try await pair.sync() == 2)
        #expect(try pair.rows(DownPair.listing) == "1|tea|1\n2|jam|1")
        #expect(try await pair.sending().setAside == 0)
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aTableThatLacksAColumnIsLoadedWhenItHasItAndDeletesNeedNone(
        _ pairing: Pairing
    ) async throws {
        let pair = try await DownPair(pairing, head: DownPair.prices, branch: DownPair.price, DownPair.all)
        try await pair.sync()
        try pair.headDatabase.run("alter table price add column unit text")
        _ = try await pair.head.initialise(OfficeSetup(office: .head, role: .head, tables: DownPair.all))
        try pair.headDatabase.run("update price set unit = 'kg' where id < 3; delete from price where id = 3")
        try await pair.sync()
        #expect(try pair.rows(DownPair.listing) == "1|tea|150\n2|jam|225")
        let branch = pair.branches[DownPair.east]!
        let aside = try await branch.store.rows(of: TableName("price"), matching: RowFilter()).rows
            .filter { $0.state == .setAside && !$0.deleted }
        #expect(aside.map(\.values) == [["all rows", nil, nil]])
        #expect(aside.first?.reason?.contains("no column \"unit\"") == true)
        try branch.database.run("alter table price add column unit text")
        // The next change finds the table fit, and the whole of it comes.
        try pair.headDatabase.run("insert into price values (4, 'oil', 999, 'l')")
        try await pair.sync()
        _ = try await branch.store.retrySetAside(SetAsideSelection(), limit: 100)
        try await pair.deliverAcks()
        try await pair.sync()
        #expect(
            try pair.rows("select id, unit from price order by id") == "1|kg\n2|kg\n4|l")
        #expect(try await pair.verify().agrees)
    }

    /// By Trunkline, or by somebody at the branch.
    @Test(arguments: Pairing.all, ["", DownPair.price])
    func aTableThatWasDroppedIsMadeAgainAndComesWhole(_ pairing: Pairing, branch sql: String) async throws {
        let pair = try await DownPair(pairing, head: DownPair.prices, branch: sql, DownPair.all)
        try await pair.sync()
        let branch = pair.branches[DownPair.east]!
        try branch.database.run("drop table price")
        try pair.headDatabase.run("insert into price values (4, 'oil', 999); delete from price where id = 3")
        try await pair.sync()
        #expect(try pair.rows("select count(*) from price") == "0")
        #expect(try await branch.store.status().first { $0.direction == .receiving }?.setAside == 1)
        _ = try await branch.store.retrySetAside(SetAsideSelection(), limit: 100)
        try await pair.deliverAcks()
        try await pair.sync()
        #expect(try pair.rows(DownPair.listing) == "1|tea|150\n2|jam|225\n4|oil|999")
        #expect(try await pair.head.status().allSatisfy { $0.setAside == 0 })
        #expect(try await pair.verify().agrees)
    }

    /// A row that was set aside before it was dropped does not make it again: then it would be all that is in it.
    @Test(arguments: Pairing.all) func aRetryMakesNoTableAgain(_ pairing: Pairing) async throws {
        let strict =
            "create table price (id integer primary key, name text not null, cents integer check (cents < 300));"
        let pair = try await DownPair(pairing, head: DownPair.prices, branch: strict, DownPair.all)
        try await pair.sync()
        #expect(try pair.rows("select count(*) from price") == "2")
        let branch = pair.branches[DownPair.east]!
        try branch.database.run("drop table price")
        #expect(try await branch.store.retrySetAside(SetAsideSelection(), limit: 100).stored == 0)
        try pair.headDatabase.run("update price set cents = 1 where id = 1")
        try await pair.sync()
        _ = try await branch.store.retrySetAside(SetAsideSelection(), limit: 100)
        try await pair.deliverAcks()
        try await pair.sync()
        #expect(try pair.rows(DownPair.listing) == "1|tea|1\n2|jam|225\n3|ink|400")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aTableThatCameBackUnheardComesWhole(_ pairing: Pairing) async throws {
        let pair = try await DownPair(pairing, head: DownPair.prices, branch: "", DownPair.all)
        try await pair.sync()
        let branch = pair.branches[DownPair.east]!
        func loseAcks() async throws {
            for pending in try await branch.store.pendingAcks(limit: 10) {
                try await branch.store.removePendingAck(pending)
            }
        }
        try branch.database.run("drop table price")
        try pair.headDatabase.run("update price set cents = 1 where id = 1")
        while let batch = try await pair.nextBatch() { _ = try await branch.store.receive(batch, parking: false) }
        try await loseAcks()
        _ = try await branch.store.retrySetAside(SetAsideSelection(), limit: 100)
        try await loseAcks()
        // What was told a moment ago is not told again, so the head asks for the whole list, which has no table any more.
        for cents in 2...6 {
            if cents > 3 {
                try branch.database.run(
                    pairing.branch == .postgres
                        ? "update trunkline.inbound set told_at = now() - interval '1 hour', list_begun_at = now() - interval '1 hour'"
                        : "update trunkline_inbound set told_at = 0, list_begun_at = 0")
            }
            try pair.headDatabase.run("update price set cents = \(cents) where id = 1")
            try await pair.sync()
        }
        #expect(try pair.rows(DownPair.listing) == "1|tea|6\n2|jam|225\n3|ink|400")
        #expect(try await pair.verify().agrees)
    }

    @Test(arguments: Pairing.all) func aHeadTouchesNoTableThatTheBranchDidNotName(_ pairing: Pairing) async throws {
        let sql =
            DownPair.prices
            + "create table secret (id integer primary key, word text); insert into secret values (1, 'mine');"
        let pair = try await DownPair(
            pairing, head: sql, DownPair.all + [TableRule(TableName("secret"), direction: .down)],
            taking: DownPair.all)
        try pair.branches[DownPair.east]!.database.run("update secret set word = 'yours'")
        _ = try await pair.sync()
        #expect(try pair.rows("select word from secret") == "yours")
        #expect(try pair.rows("select count(*) from price") == "3")
        let streams = try await pair.head.status()
        let sending = try #require(streams.first { $0.direction == .sending })
        #expect(sending.setAside == 1 && sending.setAsideTables == [TableName("secret")])
        #expect(sending.untakenTables == sending.setAsideTables)
        let receiving = try await pair.branches[DownPair.east]!.store.status().first { $0.direction == .receiving }
        #expect(receiving?.untakenTables == sending.setAsideTables)
        // Of many branches, whose reason it is.
        let named = try await pair.head.rows(of: TableName("secret"), matching: RowFilter())
        #expect(named.rows.first?.reason?.hasPrefix("east: ") == true)
        let ofOne = try await pair.head.rows(of: TableName("secret"), matching: RowFilter(branch: DownPair.east))
        #expect(ofOne.rows.first?.reason?.hasPrefix("east: ") == false)
    }

    /// It is no reason to load it again and again.
    @Test(arguments: Pairing.all.filter { $0.branch == .sqlite })
    func aTableThatCannotBeMadeStaysSetAside(_ pairing: Pairing) async throws {
        let pair = try await DownPair(
            pairing, head: "create table json_each (id integer primary key); insert into json_each values (1);",
            branch: "",
            [TableRule(TableName("json_each"), direction: .down)])
        try await pair.sync()
        let branch = pair.branches[DownPair.east]!
        #expect(try await branch.store.retrySetAside(SetAsideSelection(), limit: 100).stored == 0)
        try await pair.deliverAcks()
        #expect(try await pair.sync() == 0)
        #expect(try await branch.store.status().first { $0.direction == .receiving }?.setAside == 1)
    }
}
