import Testing

@testable import TrunklineCore

@Suite struct SenderCheckTests {
    private let east = OfficeID("east")!
    private let now = ContinuousClock.now

    private func delivery(from user: String?) -> Delivery {
        Delivery(
            tag: MessageTag(connection: 1, number: 1), sender: "east", senderClaim: "", kind: "batch", id: nil,
            contentType: nil, contentEncoding: nil, verifiedSender: user, place: "", isMisplaced: false, body: [])
    }

    private func check(_ branch: Branch?) -> SenderCheck {
        var check = SenderCheck()
        check.remember(branch, as: east, at: now)
        return check
    }

    @Test func onlyTheBranchsOwnUserSpeaksForIt() {
        let check = check(Branch(id: east, brokerUser: "trunkline.east"))
        #expect(check.refusal(of: delivery(from: "trunkline.east"), from: east) == nil)
        for user in ["trunkline.west", "", "TRUNKLINE.EAST", nil] {
            #expect(check.refusal(of: delivery(from: user), from: east)?.code == .forged)
        }
    }

    @Test func nobodySpeaksForABranchThatWasNotAdded() {
        #expect(check(nil).refusal(of: delivery(from: "trunkline.east"), from: east)?.code == .forged)
        #expect(SenderCheck().refusal(of: delivery(from: "trunkline.east"), from: east)?.code == .forged)
    }

    @Test func aSuspendedBranchIsRefused() {
        let check = check(Branch(id: east, brokerUser: "trunkline.east", isSuspended: true))
        #expect(check.refusal(of: delivery(from: "trunkline.east"), from: east)?.code == .suspended)
        #expect(check.refusal(of: delivery(from: "trunkline.west"), from: east)?.code == .forged)
    }

    @Test func aRecordIsLookedUpAgainAfterASecond() {
        let check = check(Branch(id: east, brokerUser: "trunkline.east"))
        #expect(check.knows(east, at: now + .milliseconds(999)))
        #expect(!check.knows(east, at: now + .seconds(1)))
        #expect(!check.knows(OfficeID("west")!, at: now))
    }

    @Test func refusalsAreCountedAndNotAllOfThemLogged() {
        var refusals = LogLimit()
        #expect((1...3).map { _ in refusals.count("east") } == [1, 2, 3])
        #expect(refusals.count("west") == 1)
        #expect((1...10_000).count(where: LogLimit.isLogged) == 110)
    }
}
