import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// What the offices remember of rows that they share, and of each other's changes of them.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SharedMemoryTests {
    private static let two = "insert into customer values (1, 'ada', 'a@x', 10), (2, 'bob', 'b@x', 20);"

    private func offices(_ pairing: Pairing, _ policy: ConflictPolicy = ConflictPolicy(.lastWriterWins)) async throws
        -> SharedOffices
    {
        let offices = try await SharedOffices(pairing, policy, head: SharedOffices.customer + Self.two)
        try await offices.settle()
        return offices
    }

    private func bookkeeping(_ name: String, _ kind: DatabaseKind) -> String {
        (kind == .postgres ? "trunkline." : "trunkline_") + name
    }

    private static let day: Int64 = 86_400_000

    // MARK: A branch's own changes

    /// What only its clock keeps from winning yields like anything else: it is kept.
    @Test(arguments: DatabaseKind.allCases) func aRowOfAClockThatIsFarAheadIsKept(_ head: DatabaseKind) async throws {
        let offices = try await offices(Pairing(branch: .sqlite, head: head))
        try offices.head.run("update customer set name = 'of the head' where id = 1")
        try offices.east.run("update customer set points = 1 where id = 1")
        let far = Int64(Date().timeIntervalSince1970 * 1_000) + 9 * 365 * Self.day
        let sent = try await offices.nextBatch(of: SharedOffices.east) { tables in
            tables[0].rows = Array(#"1\#tmine\#ta@x\#t10\#t{"v":[\#(far),"east"]}"#.utf8) + [10]
        }
        let batch = try #require(sent)
        _ = try await offices.down.head.receive(batch, parking: false)
        #expect(try offices.head.run("select name from customer where id = 1") == "of the head")
        let conflicts = try offices.conflicts()
        #expect(conflicts.map(\.clockWasOff) == [true] && conflicts.first?.branchImage?["name"] == "mine")
    }

    /// What the head says of an earlier change, made by a clock that was ahead, is no answer to a later one.
    @Test(arguments: Pairing.all) func aClockThatWasSetRight(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try offices.east.run("update customer set name = 'ahead' where id = 2")
        let versions = bookkeeping("shared_row", pairing.branch)
        try offices.east.run(
            "update \(versions) set clock = clock + 3600000, base_since = base_since + 3600000 where base_since is not null"
        )
        try await offices.settle()
        #expect(try offices.rows("select name from customer where id = 2") == "ahead")
        try offices.west.run("update customer set name = 'of west' where id = 2")
        try offices.east.run("update customer set name = 'of east' where id = 2")
        try await offices.up(SharedOffices.west)
        try await offices.down.sync(SharedOffices.east)
        #expect(try offices.east.run("select name from customer where id = 2") == "of east")
        try await offices.settle()
        #expect(try offices.rows("select name from customer where id = 2") == "of east")
        #expect(try offices.conflicts().map { $0.headImage?["name"] } == ["of west"])
    }

    /// A row that is too long to travel has been seen by nobody else, so that nothing is stored over it.
    @Test(arguments: Pairing.all) func aRowThatCannotTravelIsNotWrittenOver(_ pairing: Pairing) async throws {
        let table = "create table customer (id integer primary key, name text, email text, points integer);"
        let long = String(repeating: "\u{1}", count: SharedLimit.rowBytes / 6 + 1)
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.headWins), [SharedOffices.east], head: table + Self.two,
            branch: table + "insert into customer values (1, 'only here', '\(long)', 0), (3, 'cid', null, 1);")
        try await offices.settle()
        #expect(try offices.east.run("select id, name from customer order by id") == "1|only here\n2|bob\n3|cid")
        let store = offices.down.branches[SharedOffices.east]!.store
        let reasons = try await store.reasons(of: DownPair.stream(SharedOffices.east))
        #expect(reasons.contains { $0.contains("could not be sent") }, "\(reasons)")
        try offices.east.run("update customer set email = null where id = 1")
        try await offices.settle()
        _ = try await store.retrySetAside(SetAsideSelection(), limit: 10)
        try await offices.settle()
        #expect(try offices.rows("select id, name from customer order by id") == "1|ada\n2|bob\n3|cid")
        #expect(try offices.conflicts().map { $0.branchImage?["name"] } == ["only here"])
    }

    /// Rows that are alike are no conflict, also where a program made them so while its table joined; but numbers that are
    /// added went down twice.
    @Test(arguments: Pairing.all) func equalRowsThatChangedWhileJoining(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.headWins, columns: .init()), head: SharedOffices.customer + Self.two,
            branch: SharedOffices.customer + "insert into customer values (1, 'eda', 'a@x', 10), (2, 'bob', 'b@x', 20);"
        )
        try offices.east.run("update customer set name = 'ada' where id = 1")
        try offices.west.run("update customer set name = 'ada' where id = 1")
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|a@x|10\n2|bob|b@x|20")
        #expect(try offices.conflicts() == [])
        let counting = try await SharedOffices(
            pairing, ConflictPolicy(.headWins, columns: .init(added: ["points"])),
            head: SharedOffices.customer + Self.two)
        for office in [counting.head, counting.east] {
            try office.run("update customer set points = points - 1 where id = 1")
        }
        try await counting.settle()
        #expect(try counting.rows("select points from customer where id = 1") == "8")
    }

    // MARK: Deletes

    /// The delete of a branch that was long away is of long ago, and has just been learned of.
    @Test(arguments: Pairing.all) func aDeleteFromLongAgoReachesAll(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try offices.west.run("update customer set points = 21 where id = 2")
        try await offices.settle()
        for (office, kind) in [
            (offices.head, pairing.head), (offices.east, pairing.branch), (offices.west, pairing.branch),
        ] {
            let versions = bookkeeping("shared_row", kind)
            try office.run("update \(versions) set clock = clock - \(100 * Self.day)")
        }
        try offices.head.run(
            "update \(bookkeeping("applied_change", pairing.head)) set standing_clock = standing_clock - \(100 * Self.day)"
        )
        try offices.east.run("delete from customer where id = 2")
        try offices.east.run(
            "update \(bookkeeping("shared_row", pairing.branch)) set clock = clock - \(40 * Self.day) where is_dirty = \(pairing.branch == .postgres ? "true" : "1")"
        )
        try await offices.up(SharedOffices.east)
        _ = try await offices.down.head.pruneShared()
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|a@x|10")
        // Its time begins now.
        for name in offices.names { _ = try await offices.down.head.prune(DownPair.stream(name)) }
        while try await offices.down.head.pruneShared() {}
        let versions = bookkeeping("shared_row", pairing.head)
        #expect(try offices.head.run("select count(*) from \(versions) where is_deleted") == "1")
    }

    /// It is forgotten when its time has come and every stream has passed it, not before.
    @Test(arguments: Pairing.all) func aDeleteIsRememberedUntilAllStreamsPassedIt(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try offices.east.run("delete from customer where id = 2")
        try await offices.up(SharedOffices.east)
        let versions = bookkeeping("shared_row", pairing.head)
        try offices.head.run("update \(versions) set noted_at = noted_at - \(40 * Self.day)")
        _ = try await offices.down.head.pruneShared()
        let count = "select count(*) from \(versions) where is_deleted"
        #expect(try offices.head.run(count) == "1")
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|a@x|10")
        for name in offices.names { _ = try await offices.down.head.prune(DownPair.stream(name)) }
        while try await offices.down.head.pruneShared() {}
        #expect(try offices.head.run(count) == "0")
    }

    // MARK: Joins

    private static let price = TableRule(TableName("price"), direction: .down)
    private static let shared = TableRule(
        TableName("customer"), direction: .shared, conflict: ConflictPolicy(.lastWriterWins))

    /// The head's rows come down also where the branch shared the table first, and had none.
    @Test(arguments: Pairing.all, [true, false]) func aHeadThatSharesLater(_ pairing: Pairing, hasRows: Bool)
        async throws
    {
        let rows = "insert into customer values (3, 'cid', null, 30);"
        let down = try await DownPair(
            pairing, head: DownPair.price + SharedOffices.customer + Self.two,
            branch: DownPair.price + SharedOffices.customer + (hasRows ? rows : ""),
            [Self.price, TableRule(TableName("sale"))], taking: [Self.price, Self.shared])
        let (head, east) = (down.head, down.branches[DownPair.east]!)
        func settle() async throws {
            for _ in 0..<5 {
                while let claimed = try await east.store.claimBatch(
                    of: SharedOffices.stream(DownPair.east), window: 64, changes: 5_000)
                {
                    let limits = ReadLimits(batchBytes: .max, rowBytes: 16 << 20)
                    guard case .content(let tables) = try await east.store.readBatch(claimed, limits: limits) else {
                        throw TestFailure("too large")
                    }
                    let message = try BatchEncoder.encode(claimed, tables: claimed.taken(of: tables))
                    _ = try await head.receive(try InboundBatch(message: message), parking: false)
                    for pending in try await head.pendingAcks(limit: 10) {
                        _ = try await east.store.recordAck(pending.ack)
                        try await head.removePendingAck(pending)
                    }
                }
                try await down.sync()
            }
        }
        try await settle()
        if hasRows {
            // One entry, whatever comes: the table is not for this head.
            #expect(try await head.status().first { $0.direction == .receiving }?.setAside == 1)
        }
        _ = try await head.initialise(
            OfficeSetup(office: .head, role: .head, tables: [Self.price, TableRule(TableName("sale")), Self.shared]))
        try await settle()
        try east.database.run("insert into customer values (4, 'dan', null, 40)")
        try await settle()
        let listing = "select id, name from customer order by id"
        let expected = "1|ada\n2|bob\n" + (hasRows ? "3|cid\n" : "") + "4|dan"
        #expect(try down.headDatabase.run(listing) == expected)
        #expect(try east.database.run(listing) == expected)
    }

    /// What happened at the head while it did not share the table comes down when it does again.
    @Test(arguments: Pairing.all) func aHeadThatSharesAgain(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        let head = offices.down.head
        for rules in [[Self.price], [Self.price, Self.shared]] {
            try offices.head.run("create table if not exists price (id integer primary key)")
            _ = try await head.initialise(OfficeSetup(office: .head, role: .head, tables: rules))
            if rules.count == 1 { try offices.head.run("update customer set name = 'meanwhile' where id = 1") }
        }
        for office in [offices.east, offices.west] {
            try office.run("insert into customer values (\(office.id == "east" ? 5 : 6), 'x', null, 0)")
        }
        try await offices.settle()
        #expect(
            try offices.rows("select id, name from customer order by id") == "1|meanwhile\n2|bob\n5|x\n6|x")
    }

    // MARK: Restores and decisions

    /// What a restored head's programs wrote since stands where it is newer; the branch's image is kept.
    @Test(arguments: Pairing.all) func aRestoredHeadKeepsWhatYields(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try offices.head.backUp()
        try offices.east.run("update customer set name = 'of east' where id = 1")
        try await offices.settle()
        await offices.down.head.close()
        try offices.head.restore()
        try await Task.sleep(for: .milliseconds(20))
        try offices.head.run("update customer set name = 'of the head' where id = 1")
        try offices.east.run("insert into customer values (9, 'x', null, 0)")
        for _ in 0..<10 {
            for name in offices.names {
                while let batch = try await offices.nextBatch(of: name) {
                    _ = try await offices.down.head.receive(batch, parking: false)
                }
                try await offices.deliverAcks(to: name)
            }
        }
        #expect(try offices.head.run("select name from customer where id = 1") == "of the head")
        let conflicts = try offices.conflicts()
        #expect(conflicts.contains { $0.kind == .join && $0.branchImage?["name"] == "of east" }, "\(conflicts)")
    }

    /// Where one side had no row, whatever was written there since is another one.
    @Test(arguments: Pairing.all) func aRowThatCameOrChangedSinceADelete(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.manual))
        let head = offices.down.head
        try offices.head.run("update customer set name = 'of the head' where id = 1; delete from customer where id = 2")
        try offices.east.run("delete from customer where id = 1; update customer set name = 'of east' where id = 2")
        try await offices.settle()
        let found = try await head.conflicts(matching: ConflictFilter(isWaiting: true))
        let deleted = try #require(found.first { $0.conflict.kind == .deleteOfUpdated })
        let updated = try #require(found.first { $0.conflict.kind == .updateOfDeleted })
        for record in [deleted, updated] { #expect(try await head.changeSince(record.conflict) == nil) }
        try offices.head.run(
            "update customer set email = 'new@x' where id = 1; insert into customer values (2, 'anew', null, 1)")
        for record in [deleted, updated] {
            #expect(try await head.changeSince(record.conflict) != nil)
            await #expect(throws: StoreError.self) { try await head.resolve(record.id, .branch) }
        }
        #expect(try offices.head.run("select name, email from customer where id = 1") == "of the head|new@x")
        for record in [deleted, updated] { try await head.resolve(record.id, .branch, anyway: true) }
        try await offices.settle()
        #expect(try offices.rows() == "2|of east|b@x|20")
    }

    /// Who picks the head's gets it, also where the policy had let the branch's stand.
    @Test(arguments: Pairing.all) func theHeadsRowIsBroughtBack(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.branchWins))
        try offices.head.run("update customer set name = 'of the head' where id = 1; delete from customer where id = 2")
        try offices.east.run("update customer set name = 'of east', points = 1; delete from customer where id = 1")
        try offices.east.run("insert into customer values (1, 'of east', 'a@x', 1)")
        try await offices.settle()
        #expect(try offices.rows() == "1|of east|a@x|1\n2|of east|b@x|1")
        let head = offices.down.head
        let found = try await head.conflicts(matching: ConflictFilter())
        #expect(found.map(\.conflict.outcome) == [.branch, .branch])
        for record in found { try await head.resolve(record.id, .head) }
        try await offices.settle()
        #expect(try offices.rows() == "1|of the head|a@x|10")
    }

    /// What a branch is told of its own rows is no delete where its table takes none.
    @Test(arguments: Pairing.all) func anAnswerThatCannotBeTakenIsNoDelete(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try offices.head.run("alter table customer add column vat text")
        try offices.east.run("update customer set name = 'of east' where id = 1")
        try await offices.settle()
        let store = offices.down.branches[SharedOffices.east]!.store
        let rows = try await store.rows(of: TableName("customer"), matching: RowFilter(states: [.setAside])).rows
        #expect(rows.count == 1 && rows.allSatisfy { !$0.deleted }, "\(rows)")
        for office in [offices.east, offices.west] { try office.run("alter table customer add column vat text") }
        for name in offices.names {
            _ = try await offices.down.branches[name]!.store.retrySetAside(SetAsideSelection(), limit: 10)
        }
        // The first time the head learns that the table is taken again.
        for _ in 0..<2 { try await offices.settle() }
        #expect(try offices.rows() == "1|of east|a@x|10\n2|bob|b@x|20")
        #expect(try await offices.down.head.status().allSatisfy { $0.setAside == 0 })
    }

    // MARK: Rows that somebody has locked

    /// Others of its batch and of its stream do not wait for a row that a program keeps locked.
    @Test(arguments: [true, false]) func aRowThatIsLockedWaitsAlone(isAtHead: Bool) async throws {
        let offices = try await offices(Pairing(branch: .postgres, head: .postgres))
        let (here, there) = isAtHead ? (offices.head, offices.east) : (offices.east, offices.head)
        let slow = try OpenTransaction(here.url, "update customer set points = points + 1 where id = 1")
        try there.run("update customer set name = 'new'; insert into customer values (7, 'x', null, 0)")
        for _ in 0..<3 {
            try await offices.up(SharedOffices.east)
            try await offices.down.sync(SharedOffices.east)
        }
        #expect(try here.run("select id, name from customer order by id") == "1|ada\n2|new\n7|x")
        let receiver = isAtHead ? offices.down.head : offices.down.branches[SharedOffices.east]!.store
        let stream = isAtHead ? SharedOffices.stream(SharedOffices.east) : DownPair.stream(SharedOffices.east)
        #expect(try await receiver.reasons(of: stream).allSatisfy { $0.contains("locked") })
        try slow.commit()
        _ = try await receiver.retrySetAside(SetAsideSelection(), limit: 10)
        try await offices.settle()
        #expect(try offices.rows("select id, name from customer order by id") == "1|new\n2|new\n7|x")
        #expect(try await receiver.reasons(of: stream) == [])
    }
}
