import Testing
import TrunklineCore
import TrunklineTesting

/// What the head records of its branches.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct BranchRecordTests {
    @Test(arguments: DatabaseKind.allCases) func whoSpeaksForABranchIsRecorded(kind: DatabaseKind) async throws {
        let pair = try Pair(Pairing(branch: .sqlite, head: kind))
        let head = pair.head
        let (east, west) = (OfficeID("east")!, OfficeID("west")!)
        _ = try await head.initialise(OfficeSetup(office: .head, role: .head, tables: []))
        #expect(try await head.branch(east) == nil)
        #expect(try await head.setSuspended(true, branch: east) == false)
        #expect(try await head.addBranch(west, brokerUser: "w"))
        #expect(try await head.addBranch(east, brokerUser: "e"))
        #expect(try await head.addBranch(east, brokerUser: "e2") == false)
        #expect(try await head.setSuspended(true, branch: east))
        #expect(try await head.addBranch(east, brokerUser: "e2") == false)
        #expect(
            try await head.branches() == [
                Branch(id: east, brokerUser: "e2", isSuspended: true), Branch(id: west, brokerUser: "w"),
            ])
        let taken = await #expect(throws: StoreError.self) { try await head.addBranch(west, brokerUser: "e2") }
        #expect(taken?.code == .configuration)
        #expect(try await head.branch(west)?.brokerUser == "w")
        #expect(try await head.setSuspended(false, branch: east))
        #expect(try await head.branch(east) == Branch(id: east, brokerUser: "e2"))
        #expect(try await head.removeBranch(east))
        #expect(try await head.removeBranch(east) == false)
        #expect(try await head.branches().map(\.id) == [west])
    }
}
