import Testing
import TrunklineRuntime

@testable import TrunklineCore
@testable import trunkline

struct SampleReportTests {
    private func rehearsal(_ change: (inout Rehearsal) -> Void) -> Rehearsal {
        var rehearsal = Rehearsal(
            stream: StreamID(from: OfficeID("east")!, to: .head), table: TableName("sale"), into: TableName("turnover"),
            key: RowKey(["17"]), before: ["id": "17", "amount": "1"], after: ["id": "17", "amount": nil],
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
        let leftOut = text(rehearsal { $0.after = nil })
        #expect(leftOut.hasPrefix(#"head: sale ["17"] of east would not be stored in turnover: where leaves it out"#))
        let setAside = text(
            rehearsal {
                $0.after = $0.before
                $0.setAside = "no\nclient"
            })
        #expect(setAside.hasPrefix(#"head: sale ["17"] of east would be set aside: no·client"#))
    }

    @Test func aRowOfHereSaysWhoGetsIt() {
        let office = OfficeSettings(id: .head, role: .head)
        func text(_ row: OutgoingRow?) -> String {
            DepartureReport(table: TableName("price"), key: ["1", "a"], row: row, office: office).text
        }
        let columns = [Column(name: "id", type: "integer")]
        let names = (1...12).map { OfficeID("b\($0)")! }
        #expect(text(nil) == "head: price 1, a: there is no such row")
        #expect(
            text(OutgoingRow(columns: columns, values: ["1"], destinations: names)).hasPrefix(
                "head: price 1, a would go to 12 branches: b1, b2, b3, b4, b5, b6, b7, b8, b9, b10 and 2 more\n"))
        #expect(
            text(OutgoingRow(columns: columns, values: ["1"], destinations: [])).contains(
                "no branch: there is none, or its route, or where, leaves it out"))
    }
}
