import Testing

@testable import TrunklineCore

@Suite struct SetAsideListTests {
    private func telling(
        version: Int64 = 90, told: Int64 = 80, kept: Int64 = 50, freshlyTold: Bool = false, freshlyBegun: Bool = false
    ) -> SetAsideListTelling {
        SetAsideListTelling(
            version: version, told: told, kept: kept, isFreshlyTold: freshlyTold, isFreshlyBegun: freshlyBegun)
    }

    @Test func whatASenderHasNeedNotBeKept() {
        #expect(telling().heard(80) == .forget(through: 80))
        #expect(telling().heard(90) == .forget(through: 90))
        #expect(telling(told: 50).heard(50) == .nothing)
    }

    @Test func anAckThatWentByIsToldAgainAfterAWhile() {
        #expect(telling(freshlyTold: true).heard(60) == .nothing)
        #expect(telling().heard(60) == .tellAgain(after: 60))
        #expect(telling().heard(50) == .tellAgain(after: 50))
    }

    @Test func theListBeginsAnewWhereItCannotGoOn() {
        #expect(telling().heard(49) == .beginAnew(after: 90))
        #expect(telling().heard(nil) == .beginAnew(after: 90))
        #expect(telling(freshlyBegun: true).heard(-1) == .nothing)
        // A version of a life that a restore ended.
        #expect(telling(freshlyBegun: true).heard(91) == .beginAnew(after: 91))
    }

    @Test func aPartEndsWhereTheNextOneBegins() {
        let key = { (n: Int64) in SetAsideKey(table: TableName("sale"), key: RowKey(["\(n)"])) }
        let changes = (1...Int64(Ack.maximalChanges + 1)).map {
            SetAsideListPart.Change(version: 100 + $0, key: key($0), reason: $0 == 2 ? nil : "no")
        }
        let part = SetAsideListPart(changes, version: 5_000, after: 100, isWhole: false)
        #expect(part.version == 100 + Int64(Ack.maximalChanges) && part.from == 100)
        #expect(part.notices?.count == Ack.maximalChanges - 1 && part.gone == [key(2)])
        let last = SetAsideListPart(Array(changes.suffix(1)), version: 5_000, after: part.version, isWhole: false)
        #expect(last.version == 5_000 && last.from == part.version && last.notices?.count == 1 && last.gone == nil)
        let long = (1...Int64(3)).map {
            SetAsideListPart.Change(
                version: $0,
                key: SetAsideKey(table: TableName("sale"), key: RowKey([String(repeating: "x", count: 1 << 20)])),
                reason: "no")
        }
        #expect(SetAsideListPart(long, version: 9, after: 0, isWhole: true).version == 1)
        #expect(SetAsideListPart([], version: 5_000, after: 4_999, isWhole: true).from == nil)
    }
}

@Suite struct SetAsideListStateTests {
    @Test func isOneNumberInTheBooks() {
        for (stored, applied, needsWhole) in [
            (Int64(0), Int64(0), false), (7, 7, false), (-1, -1, true), (-9, 7, true),
        ] {
            let state = SetAsideListState(stored: stored)
            #expect(state == SetAsideListState(applied: applied, needsWhole: needsWhole))
            #expect(state.stored == stored)
        }
    }
}
