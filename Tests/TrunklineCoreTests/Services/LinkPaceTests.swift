import Testing

@testable import TrunklineCore

@Suite struct LinkPaceTests {
    @Test func aFastLinkSoonHasTheFullSize() {
        var pace = LinkPace(bytes: 1 << 20)
        var batches = 0
        while pace.batchBytes < 1 << 20, batches < 100 {
            pace.confirmed(bytes: pace.batchBytes, in: .milliseconds(20))
            batches += 1
        }
        #expect(batches == 4)
        pace.confirmed(bytes: 1 << 20, in: .milliseconds(20))
        #expect(pace.batchBytes == 1 << 20)
    }

    @Test func aSlowLinkGetsAboutASecondOfItself() {
        var pace = LinkPace(bytes: 1 << 20)
        for _ in 0..<30 { pace.confirmed(bytes: pace.batchBytes, in: .seconds(Double(pace.batchBytes) / 200_000)) }
        #expect((100_000...200_000).contains(pace.batchBytes))
    }

    @Test func aLinkThatBecameSlowIsNoticed() {
        var pace = LinkPace(bytes: 1 << 20)
        for _ in 0..<4 { pace.confirmed(bytes: pace.batchBytes, in: .milliseconds(20)) }
        for _ in 0..<10 { pace.confirmed(bytes: pace.batchBytes, in: .seconds(Double(pace.batchBytes) / 30_000)) }
        #expect(pace.batchBytes <= 30_000)
    }

    @Test func aCutHalvesDownToTheLeast() {
        var pace = LinkPace(bytes: 1 << 20)
        pace.interrupted()
        #expect(pace.batchBytes == 32 << 10)
        for _ in 0..<10 { pace.interrupted() }
        #expect(pace.batchBytes == 16 << 10)
    }

    @Test func fewRowsNowAndThenSayNothingAboutTheLink() {
        var pace = LinkPace(bytes: 1 << 20)
        for _ in 0..<10 { pace.confirmed(bytes: 100, in: .milliseconds(700)) }
        #expect(pace.batchBytes == 64 << 10)
        for _ in 0..<10 { pace.confirmed(bytes: 100, in: .milliseconds(20)) }
        #expect(pace.batchBytes == 64 << 10)
    }

    @Test func aSmallerSettingIsObeyed() {
        var pace = LinkPace(bytes: 1_024)
        #expect(pace.batchBytes == 1_024)
        pace.interrupted()
        #expect(pace.batchBytes == 1_024)
        pace.confirmed(bytes: 1_024, in: .milliseconds(1))
        #expect(pace.batchBytes == 1_024)
    }
}
