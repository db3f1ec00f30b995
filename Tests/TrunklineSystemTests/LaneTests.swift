import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Streams never wait for each other: whatever is wrong with east's rows, west's are at the head.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct LaneTests {
    private func site(head: DatabaseKind = .postgres, server: String? = nil, headSchema: String = "") async throws
        -> Site
    {
        let site = try await Site(
            Pairing(branch: .sqlite, head: head), branches: ["east", "west"], server: server,
            settings: ["TRUNKLINE_STALE_TIMEOUT": "2s"], headSchema: headSchema)
        try site.startAll()
        return site
    }

    private static let table =
        "create table item (branch_id text not null, id integer not null, name text, n integer, primary key (branch_id, id));"

    private func arrives(_ site: Site, _ branch: Int, _ id: Int) async throws {
        let name = site.branches[branch].id
        try await eventually("row \(id) of \(name) is at the head", within: .seconds(60)) {
            (try? site.head.run("select count(*) from item where branch_id = '\(name)' and id = \(id)")) == "1"
        }
    }

    /// While somebody holds a row of east's, west sells. Signals decide: west's row arrives before the lock is let go.
    @Test func aLockedRowDelaysItsOwnStreamAlone() async throws {
        let site = try await site(headSchema: Self.table)
        try site.east.run("insert into item values (1, 'a', 1)")
        try await arrives(site, 0, 1)
        let session = try ChildProcess(
            "psql",
            [
                "-XAtq", site.head.url, "-c",
                "begin; select pg_backend_pid(); update item set n = 9; select pg_sleep(600)",
            ],
            output: site.directory.file("lock.log"))
        try await eventually("the row is locked") {
            try site.head.run(
                "select count(*) from pg_locks where locktype = 'relation' and relation = 'item'::regclass and mode = 'RowExclusiveLock'"
            ) != "0"
        }
        try site.east.run("update item set n = 2")
        try await eventually("the row is set aside by itself", within: .seconds(60)) {
            try site.status(site.head).first { $0.stream.source.description == "east" }?.setAside == 1
        }
        for id in 1...3 {
            try site.branches[1].run("insert into item values (\(id), 'west', 1)")
            try await arrives(site, 1, id)
        }
        #expect(try site.head.run("select n from item where branch_id = 'east'") == "1")
        session.send(SIGKILL)
        _ = try await session.waitForExit()
        _ = try? site.head.run(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()"
        )
        // The row was set aside, and comes when it is tried again.
        try await eventually("east's row comes", within: .seconds(60)) { try site.differences(site.east) == [] }
        try await site.stopAll()
    }

    /// An error that nobody foresaw holds the stream: it is shown at both ends, and goes on when its cause is gone.
    @Test func anUnforeseenErrorHoldsItsStreamAlone() async throws {
        let site = try await site(
            headSchema: Self.table + """
                create function broken() returns trigger language plpgsql as $$
                begin if new.branch_id = 'east' then raise 'a mistake of the server' using errcode = 'XX000'; end if; return new; end $$;
                create trigger broken before insert or update on item for each row execute function broken();
                """)
        try site.east.run("insert into item values (1, 'a', 1)")
        try await eventually("the head shows that the stream is held", within: .seconds(60)) {
            try site.status(site.head).contains {
                $0.stream.source == OfficeID("east")! && $0.held?.contains("a mistake of the server") == true
            }
        }
        try await eventually("so does the branch", within: .seconds(60)) {
            try site.status(site.east)[0].held?.contains("a mistake of the server") == true
        }
        try site.east.run("insert into item values (2, 'b', 1)")
        for id in 1...3 {
            try site.branches[1].run("insert into item values (\(id), 'west', 1)")
            try await arrives(site, 1, id)
        }
        #expect(try site.head.run("select count(*) from item where branch_id = 'east'") == "0")
        try site.head.run("drop trigger broken on item")
        try site.trunkline(site.head, "retry")
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        #expect(try site.status(site.east)[0].held == nil)
        try await site.stopAll()
    }

    /// The messages stay in hand while the database is away: a broker that counts returns throws none away.
    @Test func noMessageIsGivenBackWhileTheDatabaseIsAway() async throws {
        let server = try await PrivatePostgres()
        let site = try await site(server: server.url)
        try site.east.run("insert into item values (1, 'a', 1)")
        try await arrives(site, 0, 1)
        try await site.broker!.setDeliveryLimit(1)
        try await server.stop()
        for id in 2...6 { try site.east.run("insert into item values (\(id), 'b', 1)") }
        let ingestor = try #require(site.services["head/head-ingestor"])
        try await eventually("the lane failed several times", within: .seconds(90)) {
            ingestor.output.components(separatedBy: "lane failed").count > 4
        }
        try await server.start()
        try await site.settle()
        #expect(try site.differences(site.east) == [])
        #expect(try await site.broker!.messageCount("trunkline.dead") == 0)
        try await site.stopAll()
    }

    /// Thousands of bad rows of east, and west sells meanwhile, on both databases.
    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func badRowsOfOneBranchAreItsOwn(head: DatabaseKind) async throws
    {
        let site = try await site(
            head: head,
            headSchema:
                "create table item (branch_id text not null, id integer not null, name text, n integer check (n > 0), primary key (branch_id, id));"
        )
        try site.east.run(
            "insert into item with recursive c (x) as (select 1 union all select x + 1 from c where x < 10000) select x, 'bad', -1 from c"
        )
        for id in 1...5 {
            try site.branches[1].run("insert into item values (\(id), 'west', 1)")
            try await arrives(site, 1, id)
        }
        try await eventually("all of east's are set aside, and east knows", within: .seconds(60)) {
            try site.status(site.east)[0].setAside == 10_000
        }
        try await site.stopAll()
    }
}
