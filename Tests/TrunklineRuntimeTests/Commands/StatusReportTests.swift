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
        stopped.setAsideTables = [TableName("sales")]
        stopped.lastContactSeconds = 3 * 86_400
        let lines = StatusReport(office: east, streams: [stopped]).text.split(separator: "\n").dropFirst(3)
        #expect(
            Array(lines) == [
                "east>head is STOPPED: batch 3 is of another epoch·[2J; "
                    + "see what differs and decide with: trunkline recover",
                #"east>head: 2 rows set aside in "sales"; see them with: trunkline rows sales --state set-aside"#,
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

    @Test func aSuspendedBranchIsSaidToBe() {
        var received = StreamStatus(stream: StreamID("east>head")!, direction: .receiving)
        received.lastContactSeconds = 5
        let report = StatusReport(
            office: OfficeSettings(id: .head, role: .head), streams: [received],
            branches: ["east", "west"].map { Branch(id: OfficeID($0)!, brokerUser: $0, isSuspended: true) })
        #expect(
            report.text.split(separator: "\n").suffix(2) == [
                "east is SUSPENDED: nothing that it sends is stored, and nothing is sent to it; let it in again with: trunkline branch resume east",
                "west is SUSPENDED: nothing that it sends is stored, and nothing is sent to it; let it in again with: trunkline branch resume west",
            ])
    }

    @Test func anEmptyHeadSaysWhatToDo() {
        let head = OfficeSettings(id: .head, role: .head)
        #expect(StatusReport(office: head, streams: []).text.contains("trunkline branch add ID"))
    }

    private func note(_ service: String, failure: String? = nil, seen: Double = 1, stopped: Bool = false) -> ServiceNote
    {
        ServiceNote(
            service: service, host: "till", failure: failure, failingSince: failure.map { _ in "2026-01-02T03:04:05Z" },
            failures: failure == nil ? 0 : 7, successSeconds: nil, seenSeconds: seen, isStopped: stopped)
    }

    @Test func aServiceThatFailsSaysSinceWhenAndWhy() {
        let notes = [
            note("branch-publisher", failure: "broker: connect localhost:5672: nothing listens"),
            note("branch-ack-listener"), note("stale-reaper", seen: 3 * 3_600),
        ]
        let lines = StatusReport(office: east, streams: [sending], notes: notes).text.split(separator: "\n").dropFirst(
            3)
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("branch-publisher: fails since 2026-01-0") == true)
        #expect(lines.first?.hasSuffix(": broker: connect localhost:5672: nothing listens") == true)
        #expect(lines.last == "no stale-reaper has run here for 3 h; start it, or: trunkline run")
    }

    @Test func aServiceThatWasStoppedOrNeverRanIsNamed() {
        let notes = [note("branch-publisher", seen: 60, stopped: true), note("branch-ack-listener")]
        let text = StatusReport(office: east, streams: [sending], notes: notes).text
        #expect(text.contains("no branch-publisher has run here for 1 min; start it"))
        #expect(text.contains("no stale-reaper has run here yet; start it"))
        #expect(!text.contains("branch-ack-listener"))
    }

    /// At an office where nothing goes down nobody misses the services for it.
    @Test func servicesForWhatGoesDownAreMissedOnlyWhereSomethingDoes() {
        let notes = [note("branch-publisher"), note("branch-ack-listener"), note("stale-reaper")]
        var report = StatusReport(office: east, streams: [sending], notes: notes)
        #expect(!report.text.contains("branch-ingestor"))
        report.tables = .listed([TableRule(TableName("price"), direction: .down)])
        #expect(report.text.contains("no branch-ingestor has run here yet"))
        report.tables = .listed([])
        report.streams.append(StreamStatus(stream: StreamID("head>east")!, direction: .receiving))
        #expect(report.text.contains("no branch-acker has run here yet"))
    }

    @Test func whatInitWouldRefuseIsSaidBesideWhatIsNotCaptured() {
        let text = StatusReport(
            office: east, streams: [sending], uncaptured: [TableName("late")], refusals: ["there is no table \"lte\""]
        ).text
        #expect(text.contains("table \"late\" is one of tables, and its changes are NOT CAPTURED"))
        #expect(text.contains("trunkline init would refuse: there is no table \"lte\""))
    }

    @Test func aBranchThatWasNotHeardOfIsListedAtTheHead() {
        var receiving = sending
        receiving.direction = .receiving
        let text = StatusReport(
            office: OfficeSettings(id: .head, role: .head), streams: [receiving],
            branches: ["east", "west"].map { Branch(id: OfficeID($0)!, brokerUser: $0) }
        ).text
        #expect(text.contains("west>head"))
        #expect(text.contains("west was added and has not been heard of; is trunkline running there"))
        #expect(!text.contains("east was added"))
    }

    @Test func whatTheHeadSendsIsALineAtTheBranch() {
        var received = StreamStatus(stream: StreamID("head>east")!, direction: .receiving)
        received.ackedRows = 300
        received.lastContactSeconds = 5
        let lines = StatusReport(office: east, streams: [sending, received]).text.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines.last?.hasPrefix("head>east        0 ") == true && lines.last?.contains("300") == true)
    }

    /// It has acked what it was sent, and merely has nothing to say.
    @Test func aBranchThatOnlyReceivesIsHeardOf() {
        var down = StreamStatus(stream: StreamID("head>east")!, direction: .sending)
        let branches = [Branch(id: OfficeID("east")!, brokerUser: "east")]
        let head = OfficeSettings(id: .head, role: .head)
        #expect(StatusReport(office: head, streams: [down], branches: branches).text.contains("has not been heard of"))
        down.lastContactSeconds = 4
        #expect(!StatusReport(office: head, streams: [down], branches: branches).text.contains("has not been heard of"))
    }
}
