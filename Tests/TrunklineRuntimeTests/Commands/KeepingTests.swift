import Testing
import TrunklineCore

@testable import trunkline

@Suite struct KeepingTests {
    /// The engine's names are those of a branch, whose own state `keepBranch` lets win.
    @Test(arguments: [
        (Keeping.branch, OfficeRole.branch, RecoveryMode.keepBranch), (.head, .branch, .keepHead),
        (.head, .head, .keepBranch), (.branch, .head, .keepHead),
    ])
    func theSendersStateWinsWhereItsOwnIsKept(keeping: Keeping, role: OfficeRole, mode: RecoveryMode) {
        #expect(keeping.mode(at: role) == mode)
    }
}
