import Testing
import TrunklineCore

@testable import trunkline

@Suite struct StreamRemarksTests {
    private func remarks(
        _ role: OfficeRole, _ stream: String, _ change: (inout StreamStatus) -> Void
    ) -> [String] {
        let stream = StreamID(stream)!
        let isSent = (stream.source == .head) == (role == .head)
        var status = StreamStatus(stream: stream, direction: isSent ? .sending : .receiving)
        change(&status)
        let remarks = StreamRemarks(role: role, status: status)
        return (remarks.remarks + remarks.silence).map(\.text)
    }

    @Test(arguments: [
        (OfficeRole.branch, "east>head", "trunkline recover"), (.head, "east>head", "trunkline recover at east"),
        (.head, "head>east", "trunkline recover --branch east"),
        (.branch, "head>east", "trunkline recover --branch east at the head"),
    ])
    func aStopIsDecidedWhereTheStreamComesFrom(role: OfficeRole, stream: String, command: String) {
        #expect(
            remarks(role, stream) { $0.stopped = "another history" } == [
                "\(stream) is STOPPED: another history; see what differs and decide with: \(command)"
            ])
    }

    @Test(arguments: [
        (OfficeRole.branch, "east>head", "the head", "the head's administrator sees the same in its status"),
        (.head, "east>head", "the head", "mend what it names, then: trunkline retry"),
        (.head, "head>east", "the branch", "mend what it names at east, then there: trunkline retry"),
        (.branch, "head>east", "the branch", "mend what it names, then: trunkline retry"),
    ])
    func aHoldIsMendedWhereTheStreamLeads(role: OfficeRole, stream: String, holder: String, way: String) {
        #expect(
            remarks(role, stream) { $0.held = "the disk is full" } == [
                "\(stream) is HELD by \(holder), and tried again by itself: the disk is full; \(way)"
            ])
    }

    @Test func aClockThatIsAheadIsNamed() {
        let remarks = remarks(.head, "east>head") { $0.clockAheadSeconds = 3_600 }
        #expect(remarks.count == 1 && remarks[0].contains("the clock of east is 1 h ahead of this office's"))
    }

    @Test func theHeadNeedsToBeToldWhoseRows() {
        let atHead = remarks(.head, "head>east") {
            $0.setAside = 1
            $0.setAsideTables = [TableName("price")]
        }
        #expect(
            atHead == [
                #"head>east: 1 row set aside in "price"; see them with: trunkline rows price --branch east --state set-aside"#
            ])
        let differing = remarks(.head, "head>east") {
            $0.lastRecovery = RecoveryReport(differing: [TableName("price")])
        }
        #expect(differing.first?.contains("trunkline verify --branch east clears this") == true)
        let atBranch = remarks(.branch, "head>east") { $0.setAside = 1 }
        #expect(atBranch == ["head>east: 1 row set aside; see them with: trunkline rows TABLE --state set-aside"])
    }

    @Test func aTableOfWhichNothingIsStoredIsNoRow() {
        func text(_ tables: [String], untaken: [String], rows: Int) -> String? {
            remarks(.branch, "east>head") {
                $0.setAside = rows
                $0.setAsideTables = tables.map { TableName($0) }
                $0.untakenTables = untaken.map { TableName($0) }
            }.first
        }
        let way = "see them with: trunkline rows"
        #expect(
            text(["sale"], untaken: ["sale"], rows: 1)
                == #"east>head: all of "sale" is set aside; \#(way) sale --state set-aside"#)
        #expect(
            text(["sale", "stock"], untaken: ["sale"], rows: 3)
                == #"east>head: all of "sale" is set aside, and 2 rows set aside in "stock"; \#(way) TABLE --state set-aside"#
        )
        let many = text((1...24).map { "\($0)" + String(repeating: "n", count: 400) }, untaken: [], rows: 24)
        #expect(many?.contains("4 more; see them") == true && (many?.utf8.count ?? .max) < 8_000)
    }

    @Test func whatComesBackIsCountedAndWhatDoesNotIsNamed() {
        func report(_ returned: Int, _ notReturned: Int?) -> RecoveryReport {
            RecoveryReport(tables: [
                .init(
                    name: TableName("sale"), putAside: 0, newKeys: 0, returned: returned, notReturned: notReturned,
                    notReturnedReason: notReturned.map { _ in "UNIQUE constraint failed" }),
                .init(name: TableName("line"), putAside: 0, newKeys: 0, returned: 1),
            ])
        }
        let during = remarks(.branch, "east>head") {
            $0.recovery = .keepHead
            $0.lastRecovery = report(4, nil)
        }
        #expect(during == ["east>head comes together again after a restore (keep-head); 5 rows came back so far"])
        let after = remarks(.branch, "east>head") { $0.lastRecovery = report(4, 2) }
        #expect(
            after == [
                "east>head: 2 rows of sale that the head kept did not come back: UNIQUE constraint failed"
            ])
        #expect(remarks(.branch, "east>head") { $0.lastRecovery = report(4, nil) } == [])
        #expect(
            report(4, 2).lines == [
                "sale: 4 rows came back from the head, 2 rows of the head could not come back (UNIQUE constraint failed)",
                "line: 1 row came back from the head",
            ])
    }

    @Test func aBranchThatNeverAckedAnythingIsNamed() {
        let days = 3.0 * 86_400
        #expect(
            remarks(.head, "head>east") { $0.oldestUnackedSeconds = days } == [
                "head>east: nothing was ever acked, for 3 d; is branch-ingestor running at east?"
            ])
        #expect(remarks(.head, "head>east") { $0.oldestUnackedSeconds = 60 } == [])
        #expect(remarks(.branch, "east>head") { $0.oldestUnackedSeconds = days } == [])
    }
}
