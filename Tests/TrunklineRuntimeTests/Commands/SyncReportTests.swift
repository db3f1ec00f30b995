import Testing
import TrunklineCore

@testable import trunkline

@Suite struct SyncReportTests {
    private let up = SyncOutcome(stream: StreamID("east>head")!, ackedChanges: 1_200, setAside: 0, seconds: 3)
    private let down = SyncOutcome(stream: StreamID("head>east")!, storedChanges: 0, setAside: 2, seconds: 3)

    @Test func oneStreamIsAnObjectAsScriptsKnowIt() throws {
        let report = SyncReport(outcomes: [up])
        #expect(report.text == "sync: 1,200 changes acked in 3 s")
        #expect(
            try report.json() == """
                {
                  "ackedChanges" : 1200,
                  "seconds" : 3,
                  "setAside" : 0,
                  "stream" : "east>head"
                }
                """)
    }

    @Test func severalAreAListAndALineEach() throws {
        let report = SyncReport(outcomes: [up, down])
        #expect(
            report.text == """
                sync: east>head: 1,200 changes acked in 3 s
                sync: head>east: all that was sent is stored; 2 rows set aside
                """)
        #expect(report.setAside == 2)
        #expect(try report.json().hasPrefix("["))
        #expect(try report.json().contains("\"storedChanges\" : 0"))
    }

    @Test func ofManyOnlyThoseAreNamedInWhichSomethingIsTheMatter() {
        var outcomes = (0..<2_000).map {
            SyncOutcome(stream: StreamID("head>b\($0)")!, ackedChanges: 1, setAside: 0, seconds: 1)
        }
        outcomes[7].setAside = 1
        outcomes[9].stopped = "another history"
        #expect(
            SyncReport(outcomes: outcomes).text == """
                sync: 2,000 streams, 2,000 changes acked
                sync: head>b7: 1 change acked in 1 s; 1 row set aside
                sync: head>b9: STOPPED: another history
                """)
    }
}
