import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct ToldShapesTests {
    private let sales = TableName("sales")

    private func batch(_ number: Int64, acked: Int64, attempt: Int = 1, keeps: Bool = true) -> ClaimedBatch {
        var batch = SampleBatch.claimed
        batch.number = number
        batch.acked = acked
        batch.attempt = attempt
        batch.receiverKeepsShapes = keeps
        return batch
    }

    @Test func aShapeIsNamedFromItsAckOn() {
        var told = ToldShapes()
        #expect(told.send([(sales, "a")], in: batch(1, acked: 0)).isEmpty)
        #expect(told.send([(sales, "a")], in: batch(2, acked: 0)).isEmpty)
        #expect(told.send([(sales, "a")], in: batch(3, acked: 1)) == [sales])
        #expect(told.send([(sales, "a"), (TableName("other"), "b")], in: batch(4, acked: 1)) == [sales])
    }

    @Test func anotherShapeIsSaidWhole() {
        var told = ToldShapes()
        _ = told.send([(sales, "a")], in: batch(1, acked: 0))
        #expect(told.send([(sales, "b")], in: batch(2, acked: 1)).isEmpty)
        #expect(told.send([(sales, "b")], in: batch(3, acked: 1)).isEmpty)
        #expect(told.send([(sales, "b")], in: batch(4, acked: 2)) == [sales])
        // The receiver keeps the newest alone.
        #expect(told.send([(sales, "a")], in: batch(5, acked: 4)).isEmpty)
    }

    /// Either of the two may be the one that is stored.
    @Test func aBatchThatWentWithTwoShapesTellsNone() {
        var told = ToldShapes()
        _ = told.send([(sales, "a")], in: batch(1, acked: 0))
        #expect(told.send([(sales, "b")], in: batch(1, acked: 0, attempt: 2)).isEmpty)
        #expect(told.send([(sales, "b")], in: batch(2, acked: 1)).isEmpty)
        #expect(told.send([(sales, "b")], in: batch(3, acked: 2)) == [sales])
    }

    @Test func aReceiverThatKeepsNoneIsToldAll() {
        var told = ToldShapes()
        _ = told.send([(sales, "a")], in: batch(1, acked: 0, keeps: false))
        #expect(told.send([(sales, "a")], in: batch(2, acked: 1, keeps: false)).isEmpty)
        // What it had lost it has again when it says so.
        #expect(told.send([(sales, "a")], in: batch(3, acked: 2)) == [sales])
    }

    @Test func anotherEpochBeginsAnew() {
        var told = ToldShapes()
        _ = told.send([(sales, "a")], in: batch(1, acked: 0))
        var next = batch(2, acked: 1)
        next.epoch = UUID()
        #expect(told.send([(sales, "a")], in: next).isEmpty)
    }
}
