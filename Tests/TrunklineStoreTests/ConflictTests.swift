import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Conflicts of each kind over shared tables, and what becomes of them.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct ConflictTests {
    private static let two = "insert into customer values (1, 'ada', 'a@x', 10), (2, 'bob', 'b@x', 20);"

    private func offices(
        _ pairing: Pairing, _ policy: ConflictPolicy, head: String = SharedOffices.customer + two,
        branch: String? = nil
    ) async throws -> SharedOffices {
        let offices = try await SharedOffices(pairing, policy, head: head, branch: branch)
        try await offices.settle()
        return offices
    }

    @Test(arguments: Pairing.all) func aChangeOfADeletedRow(_ pairing: Pairing) async throws {
        for (policy, wins) in [(ConflictPolicy.Whole.headWins, false), (.branchWins, true), (.lastWriterWins, true)] {
            let offices = try await offices(pairing, ConflictPolicy(policy))
            try offices.head.run("delete from customer where id = 1")
            try await Task.sleep(for: .milliseconds(10))
            try offices.east.run("update customer set points = 11 where id = 1")
            try await offices.settle()
            #expect(try offices.rows() == (wins ? "1|ada|a@x|11\n2|bob|b@x|20" : "2|bob|b@x|20"), "\(policy)")
            let conflict = try #require(try offices.conflicts().first)
            #expect(conflict.kind == .updateOfDeleted && conflict.outcome == (wins ? .branch : .head))
            #expect(conflict.headImage == nil && conflict.branchImage?["points"] == "11")
            #expect(conflict.headVersion?.office == .head && conflict.branchVersion?.office == SharedOffices.east)
        }
    }

    @Test(arguments: Pairing.all) func aDeleteOfAChangedRow(_ pairing: Pairing) async throws {
        for (policy, wins) in [(ConflictPolicy.Whole.headWins, false), (.branchWins, true)] {
            let offices = try await offices(pairing, ConflictPolicy(policy, columns: .init()))
            try offices.head.run("update customer set name = 'eve' where id = 1")
            try offices.east.run("delete from customer where id = 1")
            try await offices.settle()
            #expect(try offices.rows() == (wins ? "2|bob|b@x|20" : "1|eve|a@x|10\n2|bob|b@x|20"))
            let conflict = try #require(try offices.conflicts().first)
            #expect(conflict.kind == .deleteOfUpdated && conflict.headImage?["name"] == "eve")
            #expect(conflict.branchImage == nil && conflict.baseImage?["name"] == "ada")
        }
    }

    @Test(arguments: Pairing.all) func oneKeyThatBothMake(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.headWins))
        try offices.head.run("insert into customer values (5, 'of the head', null, 1)")
        try offices.east.run("insert into customer values (5, 'of east', null, 2)")
        try offices.west.run("insert into customer values (5, 'of the head', null, 1)")
        try await offices.settle()
        #expect(try offices.rows("select name from customer where id = 5") == "of the head")
        let conflicts = try offices.conflicts()
        #expect(conflicts.map(\.kind) == [.insert] && conflicts.first?.columns == ["name", "points"])
    }

    @Test(arguments: Pairing.all) func rowsThatDifferWhereTheTableBeginsToBeShared(_ pairing: Pairing) async throws {
        let offices = try await offices(
            pairing, ConflictPolicy(.lastWriterWins),
            head: SharedOffices.customer + Self.two,
            branch: SharedOffices.customer
                + "insert into customer values (1, 'ida', 'a@x', 10), (3, 'of a branch', null, 0);")
        #expect(try offices.rows() == "1|ada|a@x|10\n2|bob|b@x|20\n3|of a branch||0")
        let conflicts = try offices.conflicts()
        #expect(conflicts.map(\.kind) == [.join, .join] && Set(conflicts.map(\.branch)).count == 2)
        #expect(conflicts.allSatisfy { $0.branchImage?["name"] == "ida" && $0.columns == ["name"] })
        try offices.east.run("update customer set name = 'uma' where id = 1")
        try await offices.settle()
        #expect(try offices.rows()?.hasPrefix("1|uma|") == true)
        #expect(try offices.conflicts().count == 2)
    }

    /// The branch leaves the delete out, since it knows no version of the row, and the head's rows come when it is gone.
    @Test(arguments: Pairing.all) func aRowThatIsDeletedWhileItsTableJoins(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins),
            head: SharedOffices.customer + Self.two + "insert into customer values (3, 'eve', null, 0);")
        try offices.head.run("delete from customer where id = 2")
        let batch = try #require(try await offices.nextBatch(of: SharedOffices.east))
        _ = try await offices.down.head.receive(batch, parking: false)
        try offices.head.run("delete from customer where id = 1")
        _ = try await offices.down.sync(SharedOffices.east)
        #expect(try offices.down.rows(SharedOffices.listing, at: SharedOffices.east).contains("1|ada"))
        try await offices.settle()
        #expect(try offices.rows() == "3|eve||0")
    }

    /// A batch that is sent again is read again, and so says what is newer than what the next one says, which is under way.
    @Test(arguments: Pairing.all) func anAnswerOvertakesAnOlderImage(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.lastWriterWins))
        let (head, west) = (offices.down.head, offices.down.branches[SharedOffices.west]!.store)
        let stream = DownPair.stream(SharedOffices.west)
        try offices.head.run("update customer set name = 'first' where id = 1")
        let sentAgain = try #require(try await head.claimBatch(of: stream, window: 64, changes: 5_000))
        try offices.head.run("update customer set name = 'second' where id = 1")
        let older = try #require(try await offices.down.nextBatch(for: SharedOffices.west))
        try await Task.sleep(for: .milliseconds(10))
        try offices.west.run("delete from customer where id = 1")
        try await offices.up(SharedOffices.west)
        let reading = try await head.readBatch(sentAgain, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        guard case .content(let tables) = reading else { throw TestFailure("too large") }
        let newer = try InboundBatch(message: BatchEncoder.encode(sentAgain, tables: sentAgain.taken(of: tables)))
        for batch in [newer, older] {
            guard case .stored = try await west.receive(batch, parking: false) else { throw TestFailure("not stored") }
        }
        try await offices.down.deliverAcks(of: SharedOffices.west)
        try await offices.settle()
        #expect(try offices.rows() == "2|bob|b@x|20")
    }

    /// What a branch changed while the policies differed goes up when they are one again.
    @Test(arguments: Pairing.all) func aPolicyThatChangesAtOneEndFirst(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.lastWriterWins))
        func share(_ store: any OfficeStore, _ office: OfficeID, _ role: OfficeRole) async throws {
            let rule = TableRule(TableName("customer"), direction: .shared, conflict: ConflictPolicy(.manual))
            _ = try await store.initialise(OfficeSetup(office: office, role: role, tables: [rule]))
        }
        try await share(offices.down.head, .head, .head)
        try offices.east.run("update customer set name = 'of east' where id = 1; delete from customer where id = 2")
        try await offices.settle()
        #expect(try await offices.down.head.status().contains { $0.setAside == 1 })
        for (name, branch) in offices.down.branches { try await share(branch.store, name, .branch) }
        try await offices.settle()
        #expect(try offices.rows("select id, name from customer") == "1|of east")
        try offices.east.run("update customer set name = 'once more' where id = 1")
        try await offices.settle()
        #expect(try offices.rows("select name from customer where id = 1") == "once more")
        #expect(try await offices.down.head.status().allSatisfy { $0.setAside == 0 })
    }

    @Test(arguments: Pairing.all) func somebodyDecides(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.manual))
        for id in [1, 2] {
            try offices.head.run("update customer set name = 'of the head' where id = \(id)")
            try offices.east.run("update customer set name = 'of east', points = 5 where id = \(id)")
        }
        try await offices.settle()
        #expect(try offices.rows() == "1|of the head|a@x|10\n2|of the head|b@x|20")
        let head = offices.down.head
        #expect(try await head.waitingConflicts() == 2)
        let waiting = try await head.conflicts(matching: ConflictFilter(isWaiting: true)).sorted { $0.id < $1.id }
        #expect(waiting.map(\.conflict.outcome) == [.waiting, .waiting])
        #expect(try await head.changeSince(waiting[0].conflict) == nil)
        let summaries = try await head.conflicts(matching: ConflictFilter(before: waiting[1].id, withImages: false))
        #expect(summaries.map(\.id) == [waiting[0].id] && summaries[0].conflict == waiting[0].conflict.withoutImages)
        try await head.resolve(waiting[0].id, .branch)
        try await head.resolve(waiting[1].id, .set(["points": "7", "email": nil]))
        try await offices.settle()
        #expect(try offices.rows() == "1|of east|a@x|5\n2|of the head||7")
        #expect(try await head.waitingConflicts() == 0)
        await #expect(throws: StoreError.self) { try await head.resolve(waiting[0].id, .head) }
        await #expect(throws: StoreError.self) { try await head.resolve(99, .head) }
        #expect(try await head.conflict(waiting[1].id)?.resolution == "email=NULL, points=7")
    }

    @Test(arguments: Pairing.all) func aRowThatWasChangedSinceIsNotOverwritten(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.manual))
        try offices.head.run("update customer set name = 'of the head' where id = 1")
        try offices.east.run("update customer set name = 'of east' where id = 1")
        try await offices.settle()
        try offices.west.run("update customer set name = 'newer' where id = 1")
        try await offices.settle()
        let head = offices.down.head
        let record = try #require(try await head.conflicts(matching: ConflictFilter()).first)
        let id = record.id
        #expect(try await head.changeSince(record.conflict)?.image?["name"] == "newer")
        await #expect(throws: StoreError.self) { try await head.resolve(id, .branch) }
        await #expect(throws: StoreError.self) { try await head.resolve(id, .set(["nmae": "x"]), anyway: true) }
        #expect(try await head.waitingConflicts() == 1)
        try await head.resolve(id, .branch, anyway: true)
        try await offices.settle()
        #expect(try offices.rows("select name from customer where id = 1") == "of east")
    }

    /// Two keys with one value of a unique index: the later one is set aside, and stored when the cause is mended.
    @Test(arguments: Pairing.all) func aUniqueValueThatTwoBranchesGive(_ pairing: Pairing) async throws {
        let table = "create table customer (id integer primary key, name text, email text unique, points integer);"
        let offices = try await offices(pairing, ConflictPolicy(.lastWriterWins), head: table + Self.two)
        try offices.east.run("insert into customer values (5, 'east', 'same@x', 1)")
        try offices.west.run("insert into customer values (6, 'west', 'same@x', 1)")
        try await offices.settle()
        let stream = SharedOffices.stream(SharedOffices.west)
        let status = try await offices.down.head.status().first { $0.stream == stream }
        #expect(status?.setAside == 1)
        #expect(try offices.head.run("select count(*) from customer") == "3")
        try offices.west.run("update customer set email = 'other@x', points = 2 where id = 6")
        try await offices.settle()
        // What the head set aside for west comes by its next look.
        _ = try await offices.down.branches[SharedOffices.west]!.store.retrySetAside(SetAsideSelection(), limit: 100)
        try await offices.settle()
        #expect(try offices.rows()?.split(separator: "\n").count == 4)
        #expect(try await offices.down.head.status().allSatisfy { $0.setAside == 0 })
    }

    /// A row that refers to one which the other side deleted is set aside until that is there again.
    @Test(arguments: Pairing.all) func aRowThatRefersToADeletedOne(_ pairing: Pairing) async throws {
        let tables = """
            create table grp (id integer primary key, name text);
            create table customer (id integer primary key, name text, email text, points integer references grp (id));
            """
        let rules = ["grp", "customer"].map {
            TableRule(TableName($0), direction: .shared, conflict: ConflictPolicy(.lastWriterWins))
        }
        let offices = try await SharedOffices(
            pairing, rules: rules, head: tables + "insert into grp values (1, 'a'), (2, 'b');", branch: tables)
        try await offices.settle()
        try offices.head.run("delete from grp where id = 2")
        try offices.east.run("insert into customer values (1, 'x', null, 2)")
        try await offices.settle()
        #expect(try offices.head.run("select count(*) from customer") == "0")
        #expect(try await offices.down.head.status().map(\.setAside).max() == 1)
        try offices.head.run("insert into grp values (2, 'again')")
        _ = try await offices.down.head.retrySetAside(SetAsideSelection(), limit: 100)
        _ = try await offices.down.branches[SharedOffices.east]!.store.retrySetAside(SetAsideSelection(), limit: 100)
        try await offices.settle()
        #expect(try offices.rows() == "1|x||2")
        #expect(try offices.rows("select name from grp order by id") == "a\nagain")
        #expect(try await offices.down.head.status().allSatisfy { $0.setAside == 0 })
    }

    /// A clock that is far ahead does not win by that.
    @Test(arguments: Pairing.all) func aClockThatIsFarAheadDoesNotWin(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.lastWriterWins))
        let versions = pairing.branch == .postgres ? "trunkline.shared_row" : "trunkline_shared_row"
        try offices.east.run("update customer set name = 'of east' where id = 1")
        try offices.east.run("update \(versions) set clock = clock + 3600000")
        try offices.head.run("update customer set name = 'of the head' where id = 1")
        try await offices.settle()
        #expect(try offices.rows("select name from customer where id = 1") == "of the head")
        #expect(try offices.conflicts().first?.clockWasOff == true)
        // Where nobody contradicts, its change stands, but not its time.
        try offices.east.run("update customer set name = 'of east' where id = 2")
        try offices.east.run("update \(versions) set clock = clock + 3600000")
        try await offices.up(SharedOffices.east)
        try offices.west.run("update customer set name = 'of west' where id = 2")
        try await offices.settle()
        #expect(try offices.rows("select name from customer where id = 2") == "of west")
    }

    @Test(arguments: Pairing.all) func aClockThatIsFarAheadIsSaidUntilItIsRight(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.lastWriterWins))
        let head = offices.down.head
        for (ahead, said): (Int64, Bool) in [(240_000, false), (3_600_000, true), (0, false)] {
            try offices.east.run("update customer set points = points + 1 where id = 1")
            let batch = try #require(try await offices.nextBatch(of: SharedOffices.east, ahead: ahead))
            _ = try await head.receive(batch, parking: false)
            let seconds = try await head.status().compactMap(\.clockAheadSeconds)
            #expect(seconds.count == (said ? 1 : 0))
            if let seconds = seconds.first { #expect(seconds > 3_500 && seconds <= 3_600) }
        }
    }

    /// Conflicts that wait are never forgotten, others after the retention.
    @Test(arguments: Pairing.all) func conflictsThatWaitAreKept(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.manual))
        for id in [1, 2] {
            try offices.head.run("update customer set name = 'of the head' where id = \(id)")
            try offices.east.run("update customer set name = 'of east' where id = \(id)")
        }
        try await offices.settle()
        let head = offices.down.head
        let found = try await head.conflicts(matching: ConflictFilter()).map(\.id).sorted()
        try await head.resolve(found[1], .head)
        func age(_ days: Int) throws {
            let isServer = pairing.head == .postgres
            let table = isServer ? "trunkline.conflict" : "trunkline_conflict"
            let then =
                isServer ? "now() - interval '\(days) days'" : "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-\(days) days')"
            try offices.head.run("update \(table) set at = \(then)")
            try offices.head.run("update \(table) set resolved_at = \(then) where resolved_at is not null")
        }
        try age(ConflictRecord.retentionDays - 1)
        _ = try await head.pruneShared()
        #expect(try await head.conflicts(matching: ConflictFilter()).count == 2)
        try age(ConflictRecord.retentionDays + 1)
        _ = try await head.pruneShared()
        #expect(try await head.conflicts(matching: ConflictFilter()).map(\.id) == [found[0]])
    }

    @Test(arguments: Pairing.all) func aRowLeavesAnOfficeThatItIsNotFor(_ pairing: Pairing) async throws {
        let table = "create table job (id integer primary key, shop text, what text);"
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), table: "job", head: table, route: .column("shop"))
        try await offices.settle()
        try offices.head.run("insert into job values (1, 'east', 'a'), (2, 'west', 'b')")
        try offices.east.run("insert into job values (3, 'west', 'c'), (4, 'east', 'd')")
        try await offices.settle()
        let listing = "select id from job order by id"
        #expect(try offices.head.run(listing) == "1\n2\n3\n4")
        #expect(try offices.east.run(listing) == "1\n4" && offices.west.run(listing) == "2\n3")
        try offices.west.run("update job set what = 'changed', shop = 'east' where id = 2")
        try await offices.settle()
        #expect(try offices.east.run("select what from job where id = 2") == "changed")
        #expect(try offices.west.run(listing) == "3")
        #expect(try await offices.down.verify().agrees)
        #expect(try await offices.down.verify(SharedOffices.west).agrees)
    }

    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func aPolicyThatDoesNotSuitIsRefused(_ kind: DatabaseKind)
        async throws
    {
        let directory = try TemporaryDirectory()
        let office = try TestOffice("east", kind, in: directory)
        let store = try Pair.store(office)
        try office.run(
            "create table item (id integer primary key, name text, price numeric(9,2), weight double precision)")
        let refused = [
            "name": "no differences", "weight": "not exact", "id": "primary key", "pricee": "did you mean price?",
        ]
        for (column, reason) in refused {
            let rule = TableRule(
                TableName("item"), direction: .shared,
                conflict: ConflictPolicy(.headWins, columns: .init(added: [column])))
            let plan = try await store.planInitialisation(.listed([rule]), countingRows: false)
            #expect(plan.refusals.count == 1 && plan.refusals[0].contains(reason), "\(plan.refusals)")
            await #expect(throws: StoreError.self) {
                try await store.initialise(
                    OfficeSetup(office: SharedOffices.east, role: .branch, tables: [rule]))
            }
        }
    }
}
