import Testing

@testable import TrunklineCore

@Suite struct ForeignKeyOrderTests {
    private func sort(_ tables: [String], _ parents: [String: Set<String>] = [:]) -> [String] {
        let parents = Dictionary(
            uniqueKeysWithValues: parents.map { (TableName($0.key), Set($0.value.map { TableName($0) })) })
        return ForeignKeyOrder.sort(tables.map { TableName($0) }, parents: parents).map(\.name)
    }

    @Test func withoutForeignKeysByName() { #expect(sort(["c", "a", "b"]) == ["a", "b", "c"]) }

    @Test func chain() { #expect(sort(["a", "b", "c"], ["a": ["b"], "b": ["c"]]) == ["c", "b", "a"]) }

    @Test func diamond() {
        #expect(sort(["a", "b", "c", "d"], ["a": ["b", "c"], "b": ["d"], "c": ["d"]]) == ["d", "b", "c", "a"])
    }

    @Test func circleNamesEachTableOnce() {
        #expect(sort(["a", "b", "c"], ["a": ["b"], "b": ["c"], "c": ["a"]]).sorted() == ["a", "b", "c"])
    }

    @Test func parentOfItself() { #expect(sort(["a", "b"], ["a": ["a"]]) == ["a", "b"]) }

    @Test func parentsThatAreNotSyncedDoNotAppear() { #expect(sort(["a", "b"], ["a": ["x"]]) == ["a", "b"]) }
}
