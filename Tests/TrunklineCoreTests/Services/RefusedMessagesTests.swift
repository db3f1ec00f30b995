import Testing

@testable import TrunklineCore

struct RefusedMessagesTests {
    private func check(_ found: Bool, _ expected: Bool, at location: SourceLocation = #_sourceLocation) {
        #expect(found == expected, sourceLocation: location)
    }

    /// A connection gives no sign of life while nobody uses it.
    @Test func theConnectionIsGivenUpWhenNothingComes() {
        let start = ContinuousClock.now
        var refused = RefusedMessages()
        check(refused.isOver(at: start + .seconds(60)), false)
        let delivery = Delivery(
            tag: MessageTag(connection: 1, number: 1), sender: "east", senderClaim: "routing key \"east\"", kind: nil,
            id: nil, contentType: nil, contentEncoding: nil, verifiedSender: nil, place: "here", isMisplaced: false,
            body: [])
        refused.append((delivery, WireError(.malformed, "a test")))
        let message = refused.begin(at: start)!
        check(refused.isOver(at: start + .seconds(60)), false)
        check(refused.buried(message, at: start), true)
        check(refused.isOver(at: start + .seconds(4)), false)
        check(refused.isOver(at: start + .seconds(5)), true)
        check(refused.isOver(at: start + .seconds(60)), false)
    }
}
