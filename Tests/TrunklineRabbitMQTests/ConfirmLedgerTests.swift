import Testing
import TrunklineCore

@testable import TrunklineRabbitMQ

@Suite struct ConfirmLedgerTests {
    private var ledger = ConfirmLedger(connection: 7)

    private func tag(_ number: UInt64) -> MessageTag { MessageTag(connection: 7, number: number) }

    @Test mutating func numbersFromOneInTheOrderOfSending() {
        #expect(ledger.published(messageID: "a") == tag(1))
        #expect(ledger.published(messageID: "b") == tag(2))
    }

    @Test mutating func confirmsOutOfOrder() {
        publish("a", "b", "c")
        #expect(ledger.acked(2, multiple: false) == [.confirmed(tag(2))])
        #expect(ledger.acked(1, multiple: false) == [.confirmed(tag(1))])
        #expect(ledger.acked(3, multiple: false) == [.confirmed(tag(3))])
    }

    @Test mutating func expandsMultipleInOrderWithoutThoseThatAreSettled() {
        publish("a", "b", "c", "d")
        #expect(ledger.acked(2, multiple: false) == [.confirmed(tag(2))])
        #expect(ledger.acked(3, multiple: true) == [.confirmed(tag(1)), .confirmed(tag(3))])
        #expect(ledger.nacked(4, multiple: true) == [.nacked(tag(4))])
    }

    @Test mutating func aReturnAndItsAckAreOneConfirmation() {
        publish("a", "b", "c")
        ledger.returned(messageID: "b", reason: "NO_ROUTE")
        #expect(
            ledger.acked(3, multiple: true) == [
                .confirmed(tag(1)), .returned(tag(2), reason: "NO_ROUTE"), .confirmed(tag(3)),
            ])
        #expect(ledger.acked(2, multiple: false) == [])
    }

    @Test mutating func aReturnBelongsToTheEarliestMessageOfItsID() {
        publish("a", "a", "a")
        ledger.returned(messageID: "a", reason: "NO_ROUTE")
        ledger.returned(messageID: "a", reason: "NO_ROUTE")
        #expect(
            ledger.acked(3, multiple: true) == [
                .returned(tag(1), reason: "NO_ROUTE"), .returned(tag(2), reason: "NO_ROUTE"), .confirmed(tag(3)),
            ])
    }

    @Test mutating func ignoresWhatFitsNoOpenMessage() {
        publish("a")
        ledger.returned(messageID: "b", reason: "NO_ROUTE")
        ledger.returned(messageID: nil, reason: "NO_ROUTE")
        #expect(ledger.acked(9, multiple: false) == [])
        #expect(ledger.acked(1, multiple: false) == [.confirmed(tag(1))])
        #expect(ledger.nacked(1, multiple: false) == [])
    }

    /// Multiple with delivery tag 0 would mean «all» in AMQP; RabbitMQ never sends it for confirms.
    @Test mutating func zeroSettlesNothing() {
        publish("a")
        #expect(ledger.acked(0, multiple: true) == [])
    }

    private mutating func publish(_ ids: String...) {
        for id in ids { _ = ledger.published(messageID: id) }
    }
}
