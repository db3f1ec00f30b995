import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Changes of shared rows of which one end knows, and the other one has forgotten.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct ForgottenChangeTests {
    private static let row = SharedOffices.customer + "insert into customer values (1, 'ada', 'a@x', 100);"
    private static let points = "select points from customer where id = 1"
    private static let delta = ConflictPolicy(.lastWriterWins, columns: .init(added: ["points"]))

    /// A change of the row that the branch sent before makes the head believe that it is there as it was sent.
    @Test(arguments: Pairing.all) func aRowThatItsMapTakesAwayAndBringsBackIsThere(_ pairing: Pairing) async throws {
        let table = "create table job (id integer primary key, region text, what text);"
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), table: "job",
            head: table + """
                create table region_shop (region text primary key, shop text);
                insert into region_shop values ('n', 'east'), ('s', 'west');
                insert into job values (1, 'n', 'a'), (2, 's', 'b');
                """,
            branch: table,
            route: .mapping(column: "region", through: TableName("region_shop"), from: "region", to: "shop"))
        try await offices.settle()
        try offices.east.run("update job set what = 'of east' where id = 1")
        try await offices.settle()
        let listing = "select id, what from job order by id"
        for shop in ["west", "east"] {
            try offices.head.run("update region_shop set shop = '\(shop)' where region = 'n'")
            try await offices.settle()
            // As the ingestor does by itself.
            for name in offices.names {
                _ = try await offices.down.branches[name]!.store.retrySetAside(SetAsideSelection(), limit: 10)
                try await offices.down.deliverAcks(of: name)
            }
            try await offices.settle()
            #expect(try offices.east.run(listing) == (shop == "east" ? "1|of east" : ""), "\(shop)")
            #expect(try offices.west.run(listing) == (shop == "east" ? "2|b" : "1|of east\n2|b"), "\(shop)")
        }
    }

    /// The first life's change stands on the same row as what the branch changes after its restore.
    /// - Parameter isAnswered: whether the answer to it comes after the restore, before the next change.
    @Test(arguments: Pairing.all, [true, false])
    func aChangeOfAFormerLifeIsKept(_ pairing: Pairing, isAnswered: Bool) async throws {
        for policy in [ConflictPolicy(.lastWriterWins), Self.delta] {
            let offices = try await SharedOffices(pairing, policy, [SharedOffices.east], head: Self.row)
            try await offices.settle()
            try offices.east.run("update customer set points = points - 3")
            try offices.east.backUp()
            try offices.east.run("update customer set points = points - 5")
            try await offices.up(SharedOffices.east)
            #expect(try offices.head.run(Self.points) == "92")
            await offices.down.branches[SharedOffices.east]!.store.close()
            try offices.east.restore()
            if isAnswered {
                let answer = try #require(try await offices.down.nextBatch())
                _ = try await offices.down.branches[SharedOffices.east]!.store.receive(answer, parking: false)
            }
            try offices.east.run("update customer set points = points - 7")
            try await offices.recoverEast()
            #expect(try offices.rows(Self.points) != nil, offices.shown())
            let kept = try offices.conflicts().flatMap { [$0.headImage?["points"], $0.branchImage?["points"]] }
            #expect(kept.contains("92"), offices.shown())
        }
    }

    /// A restored branch that changes nothing has its former life's change again.
    @Test(arguments: Pairing.all) func anAnswerToAForgottenChangeIsNone(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(pairing, Self.delta, [SharedOffices.east], head: Self.row)
        try await offices.settle()
        try offices.east.run("update customer set points = points - 3")
        try offices.east.backUp()
        try offices.east.run("update customer set points = points - 5")
        try await offices.up(SharedOffices.east)
        await offices.down.branches[SharedOffices.east]!.store.close()
        try offices.east.restore()
        try await offices.down.sync(SharedOffices.east)
        try await offices.recoverEast()
        #expect(try offices.rows(Self.points) == "92", offices.shown())
    }

    /// The merge came back to a restored head from another branch, before the one that it was merged of.
    @Test(arguments: Pairing.all) func aMergeThatAnotherBranchBroughtBackIsShown(_ pairing: Pairing) async throws {
        let offices = try await SharedOffices(pairing, Self.delta, head: Self.row)
        try await offices.settle()
        let head = offices.down.head
        try offices.head.run("update customer set points = points + 20")
        try offices.head.backUp()
        try offices.east.run("update customer set points = points - 3")
        try await offices.up(SharedOffices.east)
        #expect(try offices.head.run(Self.points) == "117")
        try await offices.down.sync(SharedOffices.west)
        try await offices.down.deliverAcks(of: SharedOffices.west)
        await head.close()
        try offices.head.restore()
        _ = try await offices.down.branches[SharedOffices.west]!.store.resync(TableName("customer"), to: nil)
        try await offices.up(SharedOffices.west)
        #expect(try offices.head.run(Self.points) == "117")
        try offices.east.run("insert into customer values (9, 'x', null, 0)")
        let branch = offices.down.branches[SharedOffices.east]!.store
        for _ in 0..<6 {
            while let batch = try await offices.nextBatch(of: SharedOffices.east) {
                _ = try await head.receive(batch, parking: false)
            }
            try await offices.deliverAcks(to: SharedOffices.east)
            _ = try await branch.formVerification(of: SharedOffices.stream(SharedOffices.east))
        }
        let conflicts = try offices.conflicts().filter { $0.kind == .join && $0.key == RowKey(["1"]) }
        #expect(conflicts.contains { $0.headImage?["points"] == "117" }, offices.shown())
    }

    /// What is merged when both join is neither's row, and nobody changed it since.
    @Test(arguments: DatabaseKind.allCases) func aMergeIsNoChangeSince(_ kind: DatabaseKind) async throws {
        let offices = try await SharedOffices(
            Pairing(branch: kind, head: kind), Self.delta, [SharedOffices.east], head: Self.row)
        try offices.east.run("update customer set points = points - 3")
        try offices.head.run("update customer set points = points + 20, name = 'of the head'")
        try await offices.settle()
        let head = offices.down.head
        let record = try #require(try await head.conflicts(matching: ConflictFilter()).first)
        #expect(record.conflict.outcome == .merged, offices.shown())
        let whole = try #require(try await head.conflict(record.id))
        #expect(try await head.changeSince(whole.conflict) == nil)
        try offices.head.run("update customer set points = 1")
        #expect(try await head.changeSince(whole.conflict) != nil)
    }

    /// A key that a verification writes in another way.
    @Test(arguments: Pairing.all) func aRowWhoseKeyHasOtherTextsIsRepaired(_ pairing: Pairing) async throws {
        let table = "create table rate (class numeric(4,2), isopen boolean, note text, primary key (class, isopen));"
        let offices = try await SharedOffices(
            pairing, ConflictPolicy(.lastWriterWins), [SharedOffices.east], table: "rate", head: table, branch: table)
        let isOpen = pairing.head == .postgres ? "true" : "1"
        try offices.head.run("insert into rate values (1.50, \(isOpen), 'a')")
        try await offices.settle()
        try offices.changeUnseen(offices.east, "update rate set note = 'unseen'")
        let result = try await offices.down.verify()
        let table0 = try #require(result.tables.first { !$0.differingKeys.isEmpty })
        try await offices.down.head.sendAgain(
            table0.differingKeys.map(\.key), of: table0.name, in: DownPair.stream(SharedOffices.east))
        try await offices.settle()
        #expect(try offices.rows("select note from rate") == "a", offices.shown("select * from rate"))
    }
}
