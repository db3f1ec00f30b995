import Testing

@testable import TrunklineCore

@Suite struct ServiceHealthTests {
    private let start = ContinuousClock.now
    private let policy = ServiceHealth.Policy(
        stalledAfter: .seconds(600), stuckAfter: .seconds(600), databaseAfter: .seconds(30))

    /// The verdict after these events, each at its minute.
    private func verdict(_ events: [(minute: Int, HealthEvent)], at minute: Int) -> HealthVerdict {
        var health = ServiceHealth(policy, at: start)
        var now = 0
        for (time, event) in events {
            // A loop that goes round, as it does in every case but the one that says otherwise.
            while now < time {
                now += 1
                health.note(.stepBegan, at: start + .seconds(now * 60))
            }
            health.note(event, at: start + .seconds(time * 60))
        }
        if now < minute { health.note(.stepBegan, at: start + .seconds(minute * 60)) }
        return health.verdict(at: start + .seconds(minute * 60))
    }

    private let away = HealthEvent.linkDown(reason: "no route", isRefusal: false)
    private let answered = HealthEvent.databaseAnswered(stopped: [])

    @Test func aNewServiceIsHealthyAndNotYetReady() {
        let verdict = verdict([], at: 0)
        #expect(verdict.isHealthy && verdict.isAlive && !verdict.isReady && verdict.link == .unknown)
    }

    @Test func noInternetForADayIsHealthy() {
        let verdict = verdict([(0, answered), (0, .linkUp), (1, .backlog(9)), (2, away)], at: 22 * 60)
        #expect(verdict.isHealthy && verdict.isReady && verdict.isAlive)
        #expect(verdict.link == .down(reason: "no route"))
        #expect(verdict.linkSince == start + .seconds(120))
    }

    @Test func connectedWithABacklogAndNoSuccessIsStalled() {
        let events: [(Int, HealthEvent)] = [(0, .linkUp), (5, .backlog(9))]
        #expect(verdict(events, at: 14).isHealthy)
        #expect(verdict(events, at: 15).problems == [.stalled(for: .seconds(600), backlog: 9)])
    }

    @Test func successOrAnEmptyBacklogBeginsAnew() {
        let events: [(Int, HealthEvent)] = [(0, .linkUp), (0, .backlog(9))]
        #expect(verdict(events + [(9, .progressed)], at: 18).isHealthy)
        #expect(!verdict(events + [(9, .progressed)], at: 19).isHealthy)
        #expect(verdict(events + [(9, .backlog(0))], at: 60).isHealthy)
        #expect(verdict(events + [(9, .backlog(0)), (10, .backlog(1))], at: 19).isHealthy)
        #expect(verdict(events + [(12, .progressed)], at: 12).isHealthy)
        // The backlog's size alone is no success.
        #expect(!verdict(events + [(9, .backlog(8))], at: 10).isHealthy)
    }

    /// A line that is there for a few minutes at a time, and never long enough.
    @Test func connectedTimeAddsUpOverCuts() {
        let cuts: [(Int, HealthEvent)] = [
            (0, .backlog(1)), (0, .linkUp), (4, away), (100, .linkUp), (104, away), (200, .linkUp),
        ]
        #expect(verdict(cuts, at: 201).isHealthy)
        #expect(verdict(cuts, at: 202).problems == [.stalled(for: .seconds(600), backlog: 1)])
    }

    @Test func aStoppedStreamIsUnhealthyUntilItRuns() throws {
        let stream = StreamID(from: try #require(OfficeID("east")), to: .head)
        let stopped = HealthEvent.databaseAnswered(stopped: [.init(stream: stream, reason: "restored")])
        #expect(verdict([(0, stopped)], at: 0).problems == [.stopped(stream, reason: "restored")])
        #expect(verdict([(0, stopped), (1, answered)], at: 1).isHealthy)
    }

    @Test func aDatabaseIsMissedAfterAWhileAndNotReadyAtOnce() {
        let events: [(Int, HealthEvent)] = [(0, answered), (1, .databaseFailed(reason: "refused"))]
        #expect(verdict(events, at: 1).isHealthy && !verdict(events, at: 1).isReady)
        #expect(verdict(events, at: 2).problems == [.database(for: .seconds(60), reason: "refused")])
        #expect(verdict(events + [(3, answered)], at: 3).isHealthy)
    }

    @Test func aStepWithoutEndIsNotAlive() {
        var health = ServiceHealth(policy, at: start)
        health.note(.stepBegan, at: start)
        #expect(health.verdict(at: start + .seconds(600)).isAlive)
        let stuck = health.verdict(at: start + .seconds(601))
        #expect(!stuck.isAlive && stuck.problems == [.stuck(for: .seconds(601))])
        health.note(.stepBegan, at: start + .seconds(700))
        #expect(health.verdict(at: start + .seconds(700)).isAlive)
    }

    /// Nobody is at fault for a missing line, but somebody is for a wrong password.
    @Test func aBrokerThatRefusesUsIsAProblem() {
        let refused = HealthEvent.linkDown(reason: "ACCESS_REFUSED", isRefusal: true)
        #expect(verdict([(0, away), (5, refused), (6, refused)], at: 14).isHealthy)
        #expect(
            verdict([(0, away), (5, refused), (6, refused)], at: 15).problems
                == [.refused(for: .seconds(600), reason: "ACCESS_REFUSED")])
    }
}
