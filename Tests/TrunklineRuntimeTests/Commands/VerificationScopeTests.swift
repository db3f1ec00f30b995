import Testing
import TrunklineCore

@testable import trunkline

@Suite struct VerificationScopeTests {
    private let east = OfficeID("east")!
    private let west = OfficeID("west")!
    private func stream(_ text: String) -> StreamID { StreamID(text)! }

    private func status(_ text: String, _ direction: StreamStatus.Direction, stopped: String? = nil) -> StreamStatus {
        var status = StreamStatus(stream: stream(text), direction: direction)
        status.stopped = stopped
        return status
    }

    @Test func aBranchAsksOfTheHeadOnlyWhatItEverSent() {
        let own = status("east>head", .sending)
        #expect(VerificationScope(atBranch: east, statuses: [own]).streams == [stream("east>head")])
        let both = VerificationScope(atBranch: east, statuses: [own, status("head>east", .receiving)])
        #expect(both.streams == [stream("east>head"), stream("head>east")])
        #expect(both.sent(by: east).streams == [stream("east>head")])
    }

    @Test func theHeadAsksBothOfEachBranchThatItSendsTo() {
        let scope = VerificationScope(
            atHeadOf: [east, west], outbound: [stream("head>west")],
            statuses: [
                status("east>head", .receiving, stopped: "another history"),
                status("north>head", .receiving, stopped: "x"),
            ])
        #expect(scope.streams == ["east>head", "west>head", "head>west"].map(stream))
        #expect(scope.stopped == [stream("east>head"): "another history"])
        #expect(scope.sent(by: .head).streams == [stream("head>west")])
    }
}
