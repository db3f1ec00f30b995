import Testing
import TrunklineCore
import TrunklineRuntime

@testable import trunkline

@Suite struct BranchesReportTests {
    private let head = OfficeRemarks(office: OfficeSettings(id: .head, role: .head))
    private let branches = ["east", "north", "west"].map { Branch(id: OfficeID($0)!, brokerUser: $0) }

    private func up(_ branch: String, _ change: (inout StreamStatus) -> Void = { _ in }) -> StreamStatus {
        var status = StreamStatus(stream: StreamID("\(branch)>head")!, direction: .receiving)
        status.ackedRows = 70_000
        status.watermark = 14
        status.lastContactSeconds = 42
        change(&status)
        return status
    }

    private func down(_ branch: String, _ change: (inout StreamStatus) -> Void = { _ in }) -> StreamStatus {
        var status = StreamStatus(stream: StreamID("head>\(branch)")!, direction: .sending)
        status.lastContactSeconds = 50
        change(&status)
        return status
    }

    @Test func aLineABranchTellsBothDirectionsApart() {
        let report = BranchesReport(
            office: head,
            streams: [
                up("east") { $0.setAside = 2 },
                down("east") {
                    $0.setAside = 1
                    $0.pending = 1_000
                    $0.inFlightChanges = 200
                    $0.oldestUnackedSeconds = 3_700
                }, up("north"), down("west") { $0.lastContactSeconds = nil },
            ], branches: branches)
        let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines.prefix(5).joined(separator: "\n") == """
                BRANCH  PENDING  BEHIND SINCE      SET ASIDE  STORED  WATERMARK  LAST CONTACT
                ──────  ───────  ─────────────  ────────────  ──────  ─────────  ────────────
                east      1,200  1 h 1 min ago  2 up, 1 down  70,000         14  42 s ago
                north         -  -                         0  70,000         14  42 s ago
                west          0  -                         0       -          -  never
                """)
        #expect(report.states.map(\.needsSomebody) == [true, false, true])
        #expect(
            report.text.contains(
                "head>east: 1 row set aside, of tables that are not sent from here; see them at east: trunkline status")
        )
        #expect(report.text.contains("west was added and has not been heard of"))
    }

    @Test func onlyThoseThatNeedSomebody() {
        let streams = [up("east"), up("north") { $0.held = "the disk is full" }, up("west")]
        let text = BranchesReport(office: head, streams: streams, branches: branches, onlyProblems: true).text
        #expect(text.split(separator: "\n").count == 4)
        #expect(text.contains("north>head is HELD by the head") && !text.contains("east") && !text.contains("west"))
        let well = BranchesReport(
            office: head, streams: branches.map { up($0.id.description) }, branches: branches, onlyProblems: true)
        #expect(well.text == "3 branches, none of which needs anybody\n")
    }

    @Test(arguments: [
        "another history", "held", "recovery", "aside", "silent", "behind", "suspended",
    ]) func eachOfTheseIsAProblem(which: String) {
        var branch = branches[0]
        var (up, down) = (up("east"), down("east"))
        switch which {
        case "another history": down.stopped = which
        case "held": down.held = which
        case "recovery": down.recovery = .compare
        case "aside": up.setAside = 1
        case "silent": up.lastContactSeconds = 3 * 86_400
        case "behind":
            down.pending = 1
            down.lastContactSeconds = 3 * 86_400
        default: branch.isSuspended = true
        }
        let state = BranchState(id: branch.id, record: branch, up: up, down: down)
        #expect(state.needsSomebody && state.remarks.count == 1, "\(state.remarks)")
    }

    @Test func whatGoesOnByItselfIsNone() {
        let recovering = down("east") { $0.recovery = .resend }
        let states = BranchState.all(branches: [branches[0]], streams: [up("east"), recovering, up("gone")])
        #expect(states.map(\.needsSomebody) == [false, false])
        #expect(states.map(\.remarks.count) == [1, 1])
        #expect(states[1].remarks[0].text == "gone: the branch was removed; its rows stay")
    }

    /// As when its acks come and what it sends does not, or the other way round.
    @Test func silenceOfBothStreamsIsSaidOnce() {
        func remarks(_ upward: Double, _ downward: Double) -> [String] {
            let (up, down) = (
                up("east") { $0.lastContactSeconds = upward },
                down("east") {
                    $0.lastContactSeconds = downward
                    $0.pending = 1
                }
            )
            return BranchState(id: branches[0].id, record: branches[0], up: up, down: down).remarks.map(\.text)
        }
        let (long, longer) = (2.0 * 86_400, 3.0 * 86_400)
        #expect(remarks(long, longer) == ["east: no word for 2 d"])
        #expect(remarks(1, longer) == ["head>east: no word for 3 d"])
        #expect(remarks(1, 1) == [])
    }

    @Test func aTableOfTheHeadThatStandsStillIsSaidOnce() {
        let standing = [StandingTable(table: TableName("price"), reason: "it has no primary key")]
        let streams = branches.map { down($0.id.description) { $0.standing = standing } }
        var office = head
        office.standing = OfficeRemarks.standing(in: streams, at: .head)
        let text = BranchesReport(office: office, streams: streams, branches: branches).text
        #expect(text.ranges(of: "STANDS STILL").count == 1)
        #expect(text.hasSuffix("head: table \"price\" STANDS STILL: it has no primary key\n"))
    }

    @Test func anEmptyHeadSaysWhatToDo() {
        #expect(
            BranchesReport(office: head, streams: [], branches: []).text
                == "head: no branch yet; add a branch with: trunkline branch add ID\n")
    }

    @Test func manyBranchesAreFast() {
        let many = (0..<2_000).map { Branch(id: OfficeID("branch-\($0)")!, brokerUser: "branch-\($0)") }
        let streams = many.flatMap { [up($0.id.description), down($0.id.description)] }
        let clock = ContinuousClock()
        let elapsed = clock.measure {
            let lines = BranchesReport(office: head, streams: streams, branches: many).text.split(separator: "\n")
            #expect(lines.count == 2_002)
        }
        // Far more than it takes in a debug build on a busy machine, far less than work for each pair of branches would.
        #expect(elapsed < .seconds(5), "\(elapsed)")
    }
}
