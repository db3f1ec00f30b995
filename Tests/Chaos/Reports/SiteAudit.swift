import Foundation
import TrunklineTesting

/// All offices of a site against the ledgers of their writers.
struct SiteAudit {
    /// By what was looked at, where, as in `east's sales at head`.
    let offices: [String: OfficeAudit]
    /// Rows at the head of branches that do not exist.
    let strangers: Int
    /// Conflicts over shared tables that the head keeps.
    let conflicts: [KeptConflict]

    init(_ site: ChaosSite, _ ledgers: Ledgers) async throws {
        var offices: [String: OfficeAudit] = [:]
        for branch in site.branches {
            let sales = Sale.expected(ledgers.tills[branch.id] ?? Till.Book())
            offices["\(branch.id)'s sales"] = try await OfficeAudit(branch, Sale.query(), sales)
            offices["\(branch.id)'s sales at head"] = try await OfficeAudit(
                site.head, Sale.query("branch_id = '\(branch.id)'"), sales)
            offices["head's rows at \(branch.id)"] = try await OfficeAudit(
                branch, CatalogueRow.query, CatalogueRow.expected(ledgers.clerk, at: branch.id))
        }
        offices["head's rows"] = try await OfficeAudit(
            site.head, CatalogueRow.query, CatalogueRow.expected(ledgers.clerk))
        let names = site.branches.map { "'\($0.id)'" }.joined(separator: ", ")
        let count = try await onThread { [head = site.head] in
            try head.run("select count(*) from product_sales where branch_id not in (\(names))")
        }
        let shared = try await SharedAudit(site, ledgers.editors)
        self.offices = offices.merging(shared.offices) { $1 }
        conflicts = shared.conflicts
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
