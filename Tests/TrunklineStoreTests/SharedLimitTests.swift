import Foundation
import Testing
import TrunklineTesting

@testable import TrunklineCore

/// What rows of shared tables, and lines of them, may not be.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SharedLimitTests {
    private static let table = "create table note (id text primary key, text text);"
    private static let name = TableName("note")

    private func offices(_ pairing: Pairing, _ policy: ConflictPolicy = ConflictPolicy(.manual)) async throws
        -> SharedOffices
    {
        let offices = try await SharedOffices(pairing, policy, table: "note", head: Self.table)
        try offices.head.run("insert into note values ('a', 'x')")
        try await offices.settle()
        return offices
    }

    private func setAside(_ store: any OfficeStore) async throws -> [String] {
        try await store.rows(of: Self.name, matching: RowFilter(states: [.setAside])).rows.compactMap(\.reason)
    }

    /// A row in which a change could not travel is not sent at all, and in no other row's way.
    @Test(arguments: Pairing.all) func aRowThatIsTooLongStaysWhereItIs(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.headWins, columns: .init()))
        let long = String(repeating: "\u{1}", count: SharedLimit.rowBytes / 6 + 1)
        for office in [offices.east, offices.head] {
            try office.run("insert into note values ('\(office.id)', '\(long)'), ('\(office.id) short', 'y')")
            try office.run("insert into note values ('\(office.id) \(String(repeating: "k", count: 2_100))', 'z')")
        }
        try await offices.settle()
        #expect(try offices.west.run("select id from note order by id") == "a\neast short\nhead short")
        for store in [offices.down.branches[SharedOffices.east]!.store, offices.down.head] {
            let reasons = try await setAside(store)
            #expect(reasons.contains { $0.contains("the limit in shared tables is \(SharedLimit.rowBytes)") })
            #expect(reasons.contains { $0.contains("its key is longer than") })
        }
        try offices.east.run("update note set text = 'short' where id = 'east'")
        try offices.head.run("update note set text = 'short' where id = 'head'")
        try await offices.settle()
        #expect(try offices.west.run("select count(*) from note where text = 'short'") == "2")
    }

    /// A sender that does not keep to it harms nobody.
    @Test(arguments: Pairing.all) func aLineThatIsTooLongIsSetAside(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try offices.east.run("insert into note values ('b', 'y')")
        let now = Int64(Date.now.timeIntervalSince1970 * 1_000)
        let stamp = #"{"v":[\(now),"east"],"base":{"absent":true,"since":\(now)}}"#
            .replacing("\\(now)", with: "\(now)")
        let batch = try #require(
            try await offices.nextBatch(of: SharedOffices.east) { tables in
                let long = String(repeating: "\u{1}", count: SharedLimit.rowBytes / 6 + 1)
                let key = String(repeating: "k", count: 2_100)
                tables[0].rows = Array("c\t\(long)\t\(stamp)\n\(key)\tz\t\(stamp)\nd\tw\t\(stamp)\n".utf8)
                tables[0].rowCount = 3
            })
        guard case .stored(_, _, let setAside, _) = try await offices.down.head.receive(batch, parking: false) else {
            throw TestFailure("not stored")
        }
        #expect(setAside == 2)
        #expect(try offices.head.run("select id from note order by id") == "a\nd")
    }

    /// Deletes of rows that nobody has leave no memory that other branches would be told of.
    @Test(arguments: Pairing.all) func deletesOfNothingAreForgotten(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try offices.east.run("insert into note values ('b', 'y')")
        try offices.east.run("delete from note where id = 'b'")
        try await offices.settle()
        let table = offices.head.kind == .postgres ? "trunkline.shared_row" : "trunkline_shared_row"
        #expect(try offices.head.run("select count(*) from \(table) where is_deleted") == "0")
        let own = offices.east.kind == .postgres ? "trunkline.shared_row" : "trunkline_shared_row"
        #expect(try offices.east.run("select count(*) from \(own) where is_dirty") == "0")
        // One that the head has is remembered.
        try offices.east.run("delete from note where id = 'a'")
        try await offices.settle()
        #expect(try offices.head.run("select count(*) from \(table) where is_deleted") == "1")
    }

    /// A row that joins with a version that cannot be is stored where nobody contradicts, with the head's time.
    @Test(arguments: Pairing.all) func aRowOfAClockThatIsAheadJoins(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, ConflictPolicy(.lastWriterWins))
        try offices.east.run("insert into note values ('b', 'y')")
        let later = Int64(Date.now.timeIntervalSince1970 * 1_000) + 3_600_000
        let batch = try #require(
            try await offices.nextBatch(of: SharedOffices.east) { tables in
                tables[0].rows = Array("h\tz\t{\"v\":[\(later),\"east\"]}\n".utf8)
            })
        _ = try await offices.down.head.receive(batch, parking: false)
        #expect(try offices.head.run("select text from note where id = 'h'") == "z")
        let table = offices.head.kind == .postgres ? "trunkline.shared_row" : "trunkline_shared_row"
        #expect(try offices.head.run("select count(*) from \(table) where clock >= \(later)") == "0")
    }

    /// A version at the end of time would make a row that no later change can follow.
    @Test(arguments: Pairing.all) func aVersionOfTheFarFutureIsSetAsideAtABranch(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing)
        try offices.head.run("update note set text = 'y' where id = 'a'")
        let stream = DownPair.stream(SharedOffices.east)
        let (head, east) = (offices.down.head, offices.down.branches[SharedOffices.east]!.store)
        let claimed = try #require(try await head.claimBatch(of: stream, window: 64, changes: 5_000))
        let reading = try await head.readBatch(claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        guard case .content(var tables) = reading else { throw TestFailure("too large") }
        tables[0].rows = Array("a\tz\t{\"v\":[253402300799999,\"head\"]}\n".utf8)
        let batch = try InboundBatch(message: BatchEncoder.encode(claimed, tables: tables))
        guard case .stored(_, _, let setAside, _) = try await east.receive(batch, parking: false) else {
            throw TestFailure("not stored")
        }
        #expect(setAside == 1)
        #expect(try offices.east.run("select text from note") == "x")
    }

    /// A key that not every office can hold is in no other row's way.
    @Test(arguments: [DatabaseKind.postgres, .sqlite]) func aKeyWithANUL(_ head: DatabaseKind) async throws {
        let offices = try await offices(Pairing(branch: .sqlite, head: head))
        try offices.east.run("insert into note values ('a' || char(0) || 'b', 'x'), ('plain', 'y')")
        try await offices.settle()
        #expect(try offices.head.run("select id from note order by id") == "a\nplain")
        #expect(try await setAside(offices.down.branches[SharedOffices.east]!.store).contains { $0.contains("NUL") })
        // Nor of a branch that sends it all the same.
        try offices.east.run("insert into note values ('c', 'y')")
        let batch = try #require(
            try await offices.nextBatch(of: SharedOffices.east) { tables in
                tables[0].rows = Array(
                    String(decoding: tables[0].rows, as: UTF8.self).replacing("c\t", with: "c\\000\t").utf8)
            })
        guard case .stored(_, _, let setAside, _) = try await offices.down.head.receive(batch, parking: false) else {
            throw TestFailure("not stored")
        }
        #expect(setAside == 1)
    }

    /// Nor one that the encoding of the head's database does not have.
    @Test func aKeyThatTheEncodingDoesNotHave() async throws {
        let offices = try await offices(Pairing(branch: .sqlite, head: .postgres))
        try offices.east.run("insert into note values ('b', 'y'), ('c', 'z')")
        let batch = try #require(try await offices.nextBatch(of: SharedOffices.east))
        let outcome = try await offices.down.head.receiving("store", "a batch") { (transaction) throws(StoreError) in
            try ReceiverEngine(PoorBooks(transaction)).receive(batch, parking: false)
        }
        guard case .stored(_, _, let setAside, _) = outcome else { throw TestFailure("not stored") }
        #expect(setAside == 1)
        #expect(try offices.head.run("select id from note order by id") == "a\nc")
    }

    /// What a batch has of them is decided over in one transaction, which keeps others from the rows.
    @Test(arguments: DatabaseKind.allCases) func aBatchOfManyLinesIsRefused(_ kind: DatabaseKind) async throws {
        let offices = try await offices(Pairing(branch: kind, head: kind))
        let count = SharedLimit.lines + 1
        try offices.east.run(
            """
            with recursive n(i) as (select 1 union all select i + 1 from n where i < \(count))
            insert into note select 'k' || i, 'x' from n
            """)
        await #expect(throws: WireError.self) {
            _ = try await offices.nextBatch(of: SharedOffices.east, changes: 2 * count)
        }
    }

    @Test(arguments: DatabaseKind.allCases) func aBatchOfLongLinesIsRefused(_ kind: DatabaseKind) async throws {
        let offices = try await offices(Pairing(branch: kind, head: kind))
        let long = String(repeating: "x", count: SharedLimit.batchBytes / 2)
        try offices.east.run("insert into note values ('y', '\(long)'), ('z', '\(long)')")
        await #expect(throws: WireError.self) { _ = try await offices.nextBatch(of: SharedOffices.east) }
        let pair = [TableContent.ofShared(lines: 2, bytes: SharedLimit.batchBytes)]
        #expect(HeaderSize.fitting(pair, changes: 2) == nil)
        #expect(HeaderSize.fitting([.ofShared(lines: 2, bytes: SharedLimit.batchBytes + 2)], changes: 2) == 1)
        #expect(HeaderSize.fitting([.ofShared(lines: 8, bytes: 2 * SharedLimit.batchBytes)], changes: 8) == 4)
    }

    /// A branch is told nothing of rows of shared tables that are not for it.
    @Test(arguments: DatabaseKind.allCases) func aBranchClaimsNoSharedTable(_ kind: DatabaseKind) async throws {
        let offices = try await offices(Pairing(branch: kind, head: kind))
        try offices.east.run("insert into note values ('b', 'y')")
        let store = offices.down.branches[SharedOffices.east]!.store
        var claimed = try #require(
            try await store.claimBatch(of: SharedOffices.stream(SharedOffices.east), window: 64, changes: 5_000))
        let reading = try await store.readBatch(claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        guard case .content(let tables) = reading else { throw TestFailure("too large") }
        var claim = TableClaim(
            name: Self.name, key: tables[0].key, columns: tables[0].columns, rows: 0, buckets: [], entries: [],
            coveredBuckets: Array(0..<16), bucketCount: 16)
        claim.conflict = tables[0].conflict
        claimed.verification = VerificationClaim(id: UUID(), round: 2, tables: [claim])
        let batch = try InboundBatch(message: BatchEncoder.encode(claimed, tables: claimed.taken(of: tables)))
        _ = try await offices.down.head.receive(batch, parking: false)
        let ack = try #require(
            try await offices.down.head.pendingAcks(limit: 10).first { $0.ack.stream == claimed.stream }?.ack)
        let result = try #require(ack.verification?.tables.first)
        #expect(result.differingKeys == [] && result.rowsAtReceiver == 0 && result.problem != nil)
    }
}

/// Books of a database that holds only some characters.
private final class PoorBooks: ForwardingBooks {
    override func canKeep(_ key: RowKey) throws(StoreError) -> Bool { key.values != ["b"] }
}

extension TableContent {
    fileprivate static func ofShared(lines: Int, bytes: Int) -> TableContent {
        var content = TableContent(name: TableName("note"), key: ["k"], columns: [], allNew: false)
        content.conflict = "manual"
        (content.rows, content.rowCount) = ([UInt8](repeating: 0, count: bytes), lines)
        return content
    }
}
