import Testing
import TrunklineCore

@Suite struct ServiceJournalTests {
    private let start = ContinuousClock.now
    private let policy = ServiceJournal.Policy(pause: .seconds(30), heartbeat: .seconds(600))

    private func journal() -> ServiceJournal { ServiceJournal(service: "head-acker", host: "h", policy: policy) }

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func nothingIsSaidBeforeTheFirstStep() {
        var journal = journal()
        #expect(journal.takeReport(at: at(0)) == nil)
        journal.succeeded(at: at(0))
        #expect(journal.takeReport(at: at(0))?.failure == nil)
    }

    @Test func aChangeIsSaidAfterThePauseAndOnce() {
        var journal = journal()
        journal.succeeded(at: at(0))
        #expect(journal.takeReport(at: at(0)) != nil)
        journal.failed("broker: connect", at: at(5))
        journal.failed("broker: connect", at: at(20))
        #expect(journal.takeReport(at: at(29)) == nil)
        let report = journal.takeReport(at: at(30))
        #expect(report?.failure == "broker: connect" && report?.failures == 2)
        #expect(report?.failingSeconds == 25 && report?.successSeconds == 30)
        #expect(journal.takeReport(at: at(90)) == nil, "nothing changed")
        journal.succeeded(at: at(91))
        #expect(journal.takeReport(at: at(91))?.failure == nil)
    }

    @Test func thatAllIsWellAgainIsSaidAtOnce() {
        var journal = journal()
        journal.failed("broker: connect", at: at(0))
        #expect(journal.takeReport(at: at(0)) != nil)
        journal.succeeded(at: at(2))
        let report = journal.takeReport(at: at(2))
        #expect(report != nil && report?.failure == nil)
        journal.failed("broker: connect", at: at(3))
        #expect(journal.takeReport(at: at(31)) == nil)
        #expect(journal.takeReport(at: at(32)) != nil)
        journal.succeeded(at: at(33))
        #expect(journal.takeReport(at: at(33)) != nil)
        journal.lost()
        #expect(journal.takeReport(at: at(62)) == nil, "the database is away")
        #expect(journal.takeReport(at: at(63)) != nil)
    }

    @Test func whileNothingChangesItIsHeardNowAndThen() {
        var journal = journal()
        journal.succeeded(at: at(0))
        #expect(journal.takeReport(at: at(0)) != nil)
        journal.succeeded(at: at(598))
        #expect(journal.takeReport(at: at(599)) == nil)
        #expect(journal.takeReport(at: at(600)) != nil)
    }

    @Test func aReportThatWasLostIsDueAgain() {
        var journal = journal()
        journal.failed("x", at: at(0))
        #expect(journal.takeReport(at: at(0)) != nil)
        journal.lost()
        #expect(journal.takeReport(at: at(29)) == nil)
        #expect(journal.takeReport(at: at(30))?.failure == "x")
    }

    @Test func aLongMessageIsCut() {
        var journal = journal()
        journal.failed(String(repeating: "x", count: 9_000), at: at(0))
        #expect(journal.lastReport(at: at(0)).failure?.count == ServiceReport.maximalFailureLength)
        #expect(journal.lastReport(at: at(0)).isStopped)
    }
}
