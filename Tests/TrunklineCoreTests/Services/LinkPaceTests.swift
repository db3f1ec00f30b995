import Testing

@testable import TrunklineCore

@Suite struct LinkPaceTests {
    @Test func aFastLinkSoonHasTheFullSize() {
        var link = Link(bytesPerSecond: 50_000_000)
        let batches = link.send { $0.batchBytes == 1 << 20 }
        #expect(batches <= 20)
        link.send(batches: 100)
        #expect(link.pace.batchBytes == 1 << 20)
    }

    @Test func latencyAloneDoesNotKeepBatchesSmall() {
        var link = Link(bytesPerSecond: 50_000_000, roundTrip: .milliseconds(600))
        #expect(link.send { $0.batchBytes == 1 << 20 } <= 50)
    }

    @Test func aSlowLinkGetsAboutASecondOfItself() {
        var link = Link(bytesPerSecond: 110_000, roundTrip: .milliseconds(300))
        link.send(batches: 50)
        #expect((55_000...220_000).contains(link.pace.batchBytes))
    }

    @Test func aLinkThatBecameSlowIsNoticed() {
        var link = Link(bytesPerSecond: 50_000_000)
        link.send(batches: 50)
        link.bytesPerSecond = 30_000
        link.send(batches: 60)
        #expect(link.pace.batchBytes <= 60_000)
    }

    @Test func cutsWithoutAnyProgressHalveDownToTheLeast() {
        var pace = LinkPace(bytes: 1 << 20)
        pace.interrupted()
        #expect(pace.batchBytes == 32 << 10)
        for _ in 0..<10 { pace.interrupted() }
        #expect(pace.batchBytes == 16 << 10)
    }

    @Test func aCutAfterSomeProgressChangesNothing() {
        var link = Link(bytesPerSecond: 110_000)
        link.send(batches: 50)
        let before = link.pace.batchBytes
        link.pace.interrupted()
        #expect(link.pace.batchBytes == before)
    }

    @Test func fewRowsNowAndThenSayNothingAboutTheLink() {
        var pace = LinkPace(bytes: 1 << 20)
        var now = ContinuousClock.now
        for wait in [700, 20, 2_000] {
            pace.published(at: now, isAlone: true)
            pace.confirmed(bytes: 100, publishedAt: now, at: now + .milliseconds(wait))
            now += .seconds(10)
        }
        #expect(pace.batchBytes == 64 << 10)
    }

    @Test func aSmallerSettingIsObeyed() {
        var link = Link(bytesPerSecond: 50_000_000, setting: 1_024)
        link.pace.interrupted()
        link.send(batches: 20)
        #expect(link.pace.batchBytes == 1_024)
    }
}

/// A link that takes one batch after the other, filled as the publisher fills it.
private struct Link {
    var bytesPerSecond: Double
    var roundTrip: Duration
    var pace: LinkPace
    private var now = ContinuousClock.now
    private var busyUntil = ContinuousClock.now
    private var flying: [(bytes: Int, publishedAt: ContinuousClock.Instant, confirmedAt: ContinuousClock.Instant)] = []

    init(bytesPerSecond: Double, roundTrip: Duration = .milliseconds(5), setting: Int = 1 << 20) {
        self.bytesPerSecond = bytesPerSecond
        self.roundTrip = roundTrip
        pace = LinkPace(bytes: setting)
    }

    mutating func send(batches: Int) {
        var left = batches
        send { _ in
            left -= 1
            return left < 0
        }
    }

    /// - Returns: how many were confirmed before it was enough; at most 1,000.
    @discardableResult
    mutating func send(until isEnough: (LinkPace) -> Bool) -> Int {
        for count in 0..<1_000 {
            if isEnough(pace) { return count }
            while flying.reduce(0, { $0 + $1.bytes }) < pace.unconfirmedBytes { publish() }
            let first = flying.removeFirst()
            now = max(now, first.confirmedAt)
            pace.confirmed(bytes: first.bytes, publishedAt: first.publishedAt, at: now)
        }
        return 1_000
    }

    private mutating func publish() {
        pace.published(at: now, isAlone: flying.isEmpty)
        busyUntil = max(busyUntil, now) + .seconds(Double(pace.batchBytes) / bytesPerSecond)
        flying.append((pace.batchBytes, now, busyUntil + roundTrip))
    }
}
