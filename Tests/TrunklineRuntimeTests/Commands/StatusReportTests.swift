import Testing
import TrunklineCore
import TrunklineRuntime

@testable import trunkline

@Suite struct StatusReportTests {
    private let east = OfficeSettings(id: OfficeID("east")!, role: .branch)

    private var sending: StreamStatus {
        var status = StreamStatus(stream: StreamID("east>head")!, direction: .sending)
        status.pending = 1_200
        status.inFlightChanges = 5_000
        status.inFlightBatches = 1
        status.ackedRows = 70_000
        status.watermark = 14
        status.lastFormed = 15
        status.oldestUnackedSeconds = 3_700
        status.lastContactSeconds = 42
        return status
    }

    @Test func aTableForPeople() {
        let text = StatusReport(office: east, streams: [sending]).text
        #expect(
            text == """
                STREAM     PENDING         IN FLIGHT   ACKED  SET ASIDE  WATERMARK  OLDEST UNACKED  LAST CONTACT
                ─────────  ───────  ────────────────  ──────  ─────────  ─────────  ──────────────  ────────────
                east>head    1,200  5,000 in 1 batch  70,000          0   14 of 15  1 h 1 min       42 s ago

                """)
    }

    @Test func whatDeservesALookIsSaidPlainly() {
        var stopped = sending
        stopped.stopped = "batch 3 is of another epoch\u{1b}[2J"
        stopped.setAside = 2
        stopped.lastContactSeconds = 3 * 86_400
        let lines = StatusReport(office: east, streams: [stopped]).text.split(separator: "\n").dropFirst(3)
        #expect(
            Array(lines) == [
                "east>head is STOPPED: batch 3 is of another epoch·[2J; "
                    + "see what differs and decide with: trunkline recover",
                "east>head: 2 rows set aside; see them with: trunkline rows TABLE --state set-aside",
                "east>head: no word for 3 d",
            ])
    }

    @Test func aRecoveryThatGaveUpSaysWhatToDo() {
        var differing = sending
        differing.lastRecovery = RecoveryReport(differing: [TableName("item"), TableName("sale")])
        let text = StatusReport(office: east, streams: [differing]).text
        #expect(text.contains("east>head still DIFFERS after its last recovery, in item, sale; see the keys with: "))
        #expect(text.contains("trunkline verify"))
        differing.lastRecovery = RecoveryReport()
        #expect(!StatusReport(office: east, streams: [differing]).text.contains("DIFFERS"))
    }

    @Test func silenceWithNothingToSendIsNoNews() {
        var idle = sending
        idle.pending = 0
        idle.inFlightChanges = 0
        idle.inFlightBatches = 0
        idle.lastContactSeconds = 3 * 86_400
        #expect(!StatusReport(office: east, streams: [idle]).text.contains("no word"))
    }

    @Test func anEmptyHeadSaysWhatToDo() {
        let head = OfficeSettings(id: .head, role: .head)
        #expect(StatusReport(office: head, streams: []).text.contains("trunkline branch add ID"))
    }
}
