import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What a change of a shared row is measured from, and what is remembered of it while it waits.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SharedBaseTests {
    private func offices(
        _ pairing: Pairing, _ policy: ConflictPolicy, _ sql: String, _ names: [OfficeID] = [SharedOffices.east]
    ) async throws -> SharedOffices {
        let offices = try await SharedOffices(pairing, policy, names, table: "doc", head: sql)
        try await offices.settle()
        return offices
    }

    /// What the row had in a column that is younger than the change nobody knows: what both ends have there may be a change.
    @Test(arguments: Pairing.all) func aColumnThatIsYoungerThanAChange(_ pairing: Pairing) async throws {
        let offices = try await offices(
            pairing, ConflictPolicy(.headWins, columns: .init(added: ["n"])),
            """
            create table doc (id integer primary key, v text, n integer);
            insert into doc values (1, 'a', 10), (2, 'b', 20), (3, 'c', 30);
            """)
        try offices.east.run("update doc set n = n - 1")
        for office in [offices.head, offices.east] {
            try office.run("alter table doc add column note text default 'x'")
        }
        for (store, role, name) in [
            (offices.down.head, OfficeRole.head, OfficeID.head),
            (offices.down.branches[SharedOffices.east]!.store, .branch, SharedOffices.east),
        ] {
            let rule = TableRule(
                TableName("doc"), direction: .shared,
                conflict: ConflictPolicy(.headWins, columns: .init(added: ["n"])))
            _ = try await store.initialise(OfficeSetup(office: name, role: role, tables: [rule]))
        }
        try offices.head.run("update doc set note = 'of the head', n = n - 2 where id = 2")
        try offices.east.run("update doc set note = 'of east' where id = 3")
        try offices.head.run("update doc set v = 'head' where id = 3")
        try await offices.settle()
        let listing = "select id, v, n, note from doc order by id"
        #expect(try offices.rows(listing) == "1|a|9|x\n2|b|17|of the head\n3|head|29|x")
        // Of the second row nothing says that the branch has not changed it.
        #expect(try offices.conflicts().map(\.key) == [RowKey(["2"]), RowKey(["3"])])
        #expect(try offices.conflicts().allSatisfy { $0.columns == ["note"] && $0.baseImage?["note"] == nil })
        #expect(try offices.conflicts().last?.branchImage?["note"] == "of east")
    }

    /// What a row was may be no value of its column any more.
    @Test(arguments: DatabaseKind.allCases) func aColumnThatIsNarrowerThanWhatARowWas(_ head: DatabaseKind) async throws
    {
        let offices = try await offices(
            Pairing(branch: .postgres, head: head), ConflictPolicy(.branchWins, columns: .init(added: ["n"])),
            """
            create table doc (id integer primary key, v varchar(20), n integer);
            insert into doc values (1, 'much too long', 10), (2, 'b', 20);
            """)
        try offices.east.run("update doc set v = 'a', n = n - 1; alter table doc alter column v type varchar(4)")
        try offices.head.run("update doc set n = n - 2")
        try await offices.settle()
        let rows = "select id, n from doc order by id"
        #expect(try offices.rows(rows) == "1|7\n2|17", offices.shown(rows))
        #expect(try offices.conflicts().map(\.key) == [RowKey(["1"])])
        #expect(try offices.conflicts().first?.columns == ["v"])
    }

    /// A column that is younger than what a row was, and allows no row without it.
    @Test(arguments: DatabaseKind.allCases) func aYoungerColumnThatIsNeverNull(_ head: DatabaseKind) async throws {
        let offices = try await offices(
            Pairing(branch: .postgres, head: head), ConflictPolicy(.branchWins, columns: .init()),
            "create table doc (id integer primary key, v text); insert into doc values (1, 'a');")
        try offices.east.run(
            """
            update doc set v = 'east';
            create domain always as text not null default 'x';
            alter table doc add column kind always;
            """)
        try offices.head.run("alter table doc add column kind text; update doc set v = 'head', kind = 'x'")
        try await offices.settle()
        #expect(try offices.rows("select v, kind from doc") == "east|x", offices.shown("select * from doc"))
        #expect(try offices.conflicts().count == 1)
    }

    /// A merge keeps how SQLite holds a value that is none of its column's type.
    @Test func aValueOfAnotherStorageClass() async throws {
        let offices = try await offices(
            Pairing(branch: .sqlite, head: .sqlite), ConflictPolicy(.manual, columns: .init()),
            "create table doc (id integer primary key, a text, b text, c text);")
        try offices.east.run("insert into doc values (1, x'6869', 'b', 'c')")
        try await offices.settle()
        try offices.east.run("update doc set b = 'east', c = x'01'")
        try offices.head.run("update doc set c = x'02'")
        try await offices.settle()
        let listing = "select typeof(a), hex(a), b, typeof(c), hex(c) from doc"
        #expect(try offices.rows(listing) == "blob|6869|east|blob|02", offices.shown(listing))
        try await offices.down.head.resolve(1, .branch)
        try await offices.settle()
        #expect(try offices.rows(listing) == "blob|6869|east|blob|01", offices.shown(listing))
    }

    /// A line that waits does not win when its time has come, if it was not so when it was written.
    @Test(arguments: DatabaseKind.allCases) func aLineThatWaitsRemembersTheClock(_ branch: DatabaseKind) async throws {
        let table = "create table doc (id integer primary key, v text"
        let rows = "insert into doc values (1, 'a');"
        let offices = try await SharedOffices(
            Pairing(branch: branch, head: .postgres), ConflictPolicy(.lastWriterWins), [SharedOffices.east],
            table: "doc", head: "\(table) constraint good check (v <> 'bad')); \(rows)", branch: "\(table)); \(rows)")
        try await offices.settle()
        let head = offices.down.head
        let books = branch == .postgres ? "trunkline.shared_row" : "trunkline_shared_row"
        try offices.east.run("update doc set v = 'bad'; update \(books) set clock = clock + 3600000")
        var batch = try #require(try await offices.nextBatch(of: SharedOffices.east, ahead: 3_600_000))
        _ = try await head.receive(batch, parking: false)
        try await offices.deliverAcks(to: SharedOffices.east)
        try offices.head.run("update doc set v = 'head'; alter table doc drop constraint good")
        try offices.east.run("insert into doc values (2, 'b')")
        batch = try #require(try await offices.nextBatch(of: SharedOffices.east))
        _ = try await head.receive(batch, parking: false)
        #expect(try await head.status().allSatisfy { $0.clockAheadSeconds == nil })
        // As if an hour had passed.
        try offices.head.run("update trunkline.office set clock_tolerance = 2 * 3600000")
        _ = try await head.retrySetAside(SetAsideSelection(), limit: 10)
        try await offices.settle()
        #expect(try offices.rows("select v from doc where id = 1") == "head", offices.shown("select * from doc"))
        #expect(try offices.conflicts().map(\.clockWasOff) == [true])
    }

    /// An answer is not lost because a program has the row locked, which then takes its change back.
    @Test(arguments: DatabaseKind.allCases) func anAnswerWaitsForAProgramThatTakesItsChangeBack(
        _ head: DatabaseKind
    ) async throws {
        let offices = try await offices(
            Pairing(branch: .postgres, head: head), ConflictPolicy(.lastWriterWins),
            "create table doc (id integer primary key, v text); insert into doc values (1, 'a');")
        let branch = offices.down.branches[SharedOffices.east]!.store
        try offices.east.run("update doc set v = 'east'")
        try await offices.up(SharedOffices.east)
        let program = try OpenTransaction(offices.east.url, "update doc set v = 'never'")
        let batch = try #require(try await offices.down.nextBatch())
        _ = try await branch.receive(batch, parking: false)
        try program.rollBack()
        try await offices.down.deliverAcks()
        _ = try await branch.retrySetAside(SetAsideSelection(), limit: 10)
        #expect(try offices.east.run("select count(*) from trunkline.shared_row where is_dirty") == "0")
        #expect(try await branch.status().allSatisfy { $0.setAside == 0 })
    }

    /// Another stream has locked what is known of a row of which it stored nothing.
    @Test(arguments: DatabaseKind.allCases) func aVersionThatIsLockedWaitsAlone(_ branch: DatabaseKind) async throws {
        let offices = try await offices(
            Pairing(branch: branch, head: .postgres), ConflictPolicy(.lastWriterWins),
            "create table doc (id integer primary key, v text); insert into doc values (1, 'a'), (2, 'b');")
        try offices.east.run("update doc set v = 'once'")
        try await offices.settle()
        let other = try OpenTransaction(
            offices.head.url, "select from trunkline.shared_row where key = '{1}' for update")
        try offices.east.run("update doc set v = 'twice'")
        try await offices.up(SharedOffices.east)
        #expect(try offices.head.run("select v from doc order by id") == "once\ntwice")
        let reasons = try await offices.down.head.reasons(of: SharedOffices.stream(SharedOffices.east))
        #expect(reasons.count == 1 && reasons.allSatisfy { $0.contains("locked") })
        try other.rollBack()
        _ = try await offices.down.head.retrySetAside(SetAsideSelection(), limit: 10)
        try await offices.settle()
        #expect(try offices.rows("select v from doc order by id") == "twice\ntwice")
    }
}
