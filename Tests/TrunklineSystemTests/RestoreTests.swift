import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Promise 9 with real processes: a database comes back from a backup while the other offices go on.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct RestoreTests {
    private static let pairings = [
        Pairing(branch: .sqlite, head: .postgres), Pairing(branch: .postgres, head: .sqlite),
    ]

    private func restore(_ office: TestOffice, _ services: [String], at site: Site) async throws {
        for service in services { try await site.kill("\(office.id)/\(service)") }
        try office.restore()
        for service in services { try site.start(service, at: office) }
    }

    @Test(arguments: pairings, ["--keep-branch", "--keep-head"])
    func aRestoredBranchIsShownAtBothEndsAndRecovers(pairing: Pairing, decision: String) async throws {
        let site = try await Site(pairing, branches: ["east", "west"])
        try site.startAll()
        let (east, west) = (site.branches[0], site.branches[1])
        try east.run("insert into item values (1, 'one', 1), (2, 'two', 2)")
        try west.run("insert into item values (1, 'one', 1)")
        try await site.settle()
        try east.backUp()
        try east.run("insert into item values (3, 'three', 3)")
        try await site.settle()
        try east.run("insert into item values (4, 'four', 4)")
        try await site.settle()
        try await restore(east, Site.branchServices, at: site)
        try east.run("insert into item values (3, 'another three', 30), (5, 'five', 5)")

        try await eventually("both ends show the stop") {
            let atHead = try site.status(site.head).first { $0.stream.source.description == "east" }
            return try site.status(east)[0].stopped != nil && atHead?.stopped != nil
        }
        #expect(try site.trunkline(east, "status").contains("trunkline recover"))
        #expect(try site.head.run("select name from item where branch_id = 'east' and id = 3") == "three")
        // The other branch is unharmed.
        try west.run("insert into item values (2, 'two', 2)")
        try await eventually("west goes on") { try site.differences(west) == [] }

        let (code, shown) = try await site.exit(east, "recover", "--timeout", "60s")
        #expect(code == 2 && shown.contains("has different values"), "\(shown)")
        let decided = try await site.exit(east, "recover", decision, "--timeout", "60s")
        #expect(decided.0 == 0, "\(decided.1)")
        try site.trunkline(east, "verify")
        if decision == "--keep-branch" {
            #expect(try site.differences(east) == [])
        } else {
            #expect(try site.head.run("select name from item where branch_id = 'east' and id = 3") == "three")
        }
        #expect(try site.head.run("select name from item where branch_id = 'east' and id = 5") == "five")
        try await site.stopAll()
    }

    @Test(arguments: pairings) func aRestoredHeadIsBroughtUpByItsBranches(pairing: Pairing) async throws {
        let site = try await Site(pairing, branches: ["east", "west"])
        try site.startAll()
        for branch in site.branches { try branch.run("insert into item values (1, 'one', 1), (2, 'two', 2)") }
        try await site.settle()
        try site.head.backUp()
        for branch in site.branches {
            try branch.run("insert into item values (3, 'three', 3); delete from item where id = 1;")
        }
        try await site.settle()
        try await restore(site.head, Site.headServices, at: site)
        for branch in site.branches { try branch.run("update item set n = 4 where id = 2") }
        try await eventually("both branches' rows are all there", within: .seconds(60)) {
            try site.branches.allSatisfy { try site.differences($0) == [] }
        }
        try await eventually("the recoveries have ended") {
            try site.branches.allSatisfy { try site.status($0)[0].recovery == nil }
        }
        try await site.stopAll()
    }
}
