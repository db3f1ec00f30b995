import Testing
import TrunklineRuntime

@testable import TrunklineCore
@testable import trunkline

struct SampleReportTests {
    private func rehearsal(_ change: (inout Rehearsal) -> Void) -> Rehearsal {
        var rehearsal = Rehearsal(
            stream: StreamID(from: OfficeID("east")!, to: .head), table: TableName("sale"), into: TableName("turnover"),
            key: RowKey(["17"]), outcome: .stored, before: ["id": "17", "amount": "1"],
            after: ["id": "17", "amount": nil],
            unsaid: ["note"])
        change(&rehearsal)
        return rehearsal
    }

    private func text(_ rehearsals: Rehearsal...) -> String {
        ArrivalReport(rehearsals: rehearsals, office: OfficeSettings(id: .head, role: .head)).text
    }

    @Test func eachColumnIsShownNowAndThen() {
        #expect(
            text(rehearsal { _ in }) == """
                head: sale ["17"] of east would be stored in turnover (NULL, since not said: note)

                COLUMN  NOW  THEN
                ──────  ───  ────
                amount  1    ∅
                id      17   17

                head: nothing was changed
                """)
    }

    @Test func whatIsNotStoredSaysWhy() {
        let leftOut = text(rehearsal { ($0.after, $0.outcome) = (nil, .leftOut) })
        #expect(leftOut.hasPrefix(#"head: sale ["17"] of east would not be stored in turnover: where leaves it out"#))
        let setAside = text(
            rehearsal {
                ($0.after, $0.outcome) = ($0.before, .setAside)
                $0.setAside = "no\nclient"
            })
        #expect(setAside.hasPrefix(#"head: sale ["17"] of east would be set aside: no·client"#))
    }

    @Test func aRowOfHereSaysWhoGetsIt() {
        let office = OfficeSettings(id: .head, role: .head)
        func text(_ row: OutgoingRow?, knowsBranches: Bool = true) -> String {
            DepartureReport(
                table: TableName("price"), key: ["1", "a"], row: row, office: office, knowsBranches: knowsBranches
            ).text
        }
        let columns = [Column(name: "id", type: "integer")]
        let names = (1...12).map { OfficeID("b\($0)")! }
        #expect(text(nil) == "head: price 1, a: there is no such row")
        #expect(
            text(OutgoingRow(columns: columns, values: ["1"], destinations: names)).hasPrefix(
                "head: price 1, a would go to 12 branches: b1, b2, b3, b4, b5, b6, b7, b8, b9, b10 and 2 more\n"))
        let toNone = OutgoingRow(columns: columns, values: ["1"], destinations: [], problem: "too\nlong")
        #expect(
            text(toNone).hasPrefix(
                "head: price 1, a would go to no branch: its route, or where, leaves it out; it would be set aside: too·long"
            ))
        #expect(text(toNone, knowsBranches: false).contains("there is none yet"))
    }

    @Test func aTableIsShownBothWays() {
        var report = TableReport(table: TableName("sale"), office: OfficeSettings(id: .head, role: .head))
        report.rule = TableRule(TableName("sale"), direction: .down, route: .column("shop"), filter: "qty > 0")
        report.outgoing = OutgoingTable(
            key: ["id"], columns: [Column(name: "id", type: "integer")], rows: 1_200,
            shares: [OutgoingTable.Share(office: OfficeID("east")!, rows: 1_100)])
        var incoming = TableRehearsal(
            streams: [StreamID(from: OfficeID("east")!, to: .head)], table: TableName("sale"), key: ["id"],
            into: TableName("turnover"))
        let (id, note) = (Column(name: "id", type: "bigint"), Column(name: "note", type: "text"))
        incoming.columns = [
            .init(sent: id, stored: Column(name: "id", type: "integer"), differs: true), .init(sent: note),
            .init(stored: Column(name: "branch_id", type: "text"), source: .constant("east")),
            .init(stored: Column(name: "amount", type: "integer"), source: .expression("qty")),
            .init(stored: Column(name: "made", type: "date")),
        ]
        report.incoming = [incoming]
        report.unknown = [OfficeID("west")!]
        #expect(
            report.text == """
                head: sale (key id), down, would be captured, after trunkline init; 1,200 rows here
                head: each row to the branch that its shop names, where qty > 0; rows of a first load: east 1,100

                COLUMN  TYPE
                ──────  ───────
                id      integer

                head: sale of east would be stored in turnover

                THERE  TYPE    HERE       TYPE     MADE OF
                ─────  ──────  ─────────  ───────  ───────────────────────
                id     bigint  id         integer  what fits of it exactly
                note   text    -                   not stored
                -              branch_id  text     the branch
                -              amount     integer  qty
                -              made       date     its default

                head: nothing of sale has come yet from west
                head: nothing was changed
                """)
    }
}
