import Foundation
import TrunklineTesting

/// All offices of a site against the ledgers of their tills.
struct SiteAudit {
    /// One a branch at the branch and one a branch at the head, by `east` and `east at head`.
    let offices: [String: OfficeAudit]
    /// Rows at the head of branches that do not exist.
    let strangers: Int

    init(_ site: ChaosSite, _ ledgers: [String: Ledger]) async throws {
        var offices: [String: OfficeAudit] = [:]
        for branch in site.branches {
            let ledger = ledgers[branch.id] ?? Ledger()
            offices[branch.id] = try await .own(branch, ledger)
            offices["\(branch.id) at head"] = try await .head(site.head, of: branch, ledger)
        }
        let names = site.branches.map { "'\($0.id)'" }.joined(separator: ", ")
        let count = try await onThread { [head = site.head] in
            try head.run("select count(*) from product_sales where branch_id not in (\(names))")
        }
        self.offices = offices
        strangers = Int(count) ?? 0
    }

    var lost: Int { offices.values.reduce(0) { $0 + $1.lost.count } }
    var doubled: Int { offices.values.reduce(strangers) { $0 + $1.doubled.count } }
    var isClean: Bool { lost == 0 && doubled == 0 }

    /// Some of the keys, for whoever looks into it.
    var details: [String] {
        offices.sorted { $0.key < $1.key }.flatMap { name, audit in
            [("lost", audit.lost), ("doubled", audit.doubled)].filter { !$0.1.isEmpty }.map { what, keys in
                "\(name): \(what) \(keys.count): \(keys.sorted().prefix(20).joined(separator: " "))"
            }
        }
    }
}
