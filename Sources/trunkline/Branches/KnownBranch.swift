import TrunklineCore
import TrunklineRuntime

/// Whether a branch that somebody named is one of this head's, or was.
enum KnownBranch {
    static func check(_ branch: OfficeID?, in store: any OfficeStore) async throws {
        guard let branch, try await store.branch(branch) == nil else { return }
        if try await store.status().contains(where: { $0.stream.branch == branch }) { return }
        let known = try await store.branches().map(\.id.description)
        let meant = Suggestion.nearest(to: branch.description, among: known).map { "; did you mean \($0)?" } ?? ""
        throw CommandFailure(.configuration, "there is no branch \"\(branch)\" here\(meant)")
    }
}
