import Testing

@testable import TrunklineCore

@Suite struct MessageTurnsTests {
    private func delivery(_ number: UInt64, from user: String?, bytes: Int = 1, kind: String = "ack") -> Delivery {
        Delivery(
            tag: MessageTag(connection: 1, number: number), sender: "head", senderClaim: "", kind: kind, id: nil,
            contentType: nil, contentEncoding: nil, verifiedSender: user, place: "", isMisplaced: false,
            body: [UInt8](repeating: 0, count: bytes))
    }

    private func drain(_ turns: inout MessageTurns) -> [UInt64] {
        var numbers: [UInt64] = []
        while let delivery = turns.next() { numbers.append(delivery.tag.number) }
        return numbers
    }

    @Test func aFloodMakesNobodyWait() {
        var turns = MessageTurns()
        for number in 1...10 { #expect(turns.arrived(delivery(UInt64(number), from: "east")).isEmpty) }
        #expect(turns.next()?.tag.number == 1)
        _ = turns.arrived(delivery(100, from: "west"))
        _ = turns.arrived(delivery(200, from: nil))
        #expect(drain(&turns).prefix(5) == [2, 100, 200, 3, 4])
        #expect(turns.isEmpty && turns.next() == nil)
    }

    @Test func ofAFloodTheNewestAreKept() {
        var turns = MessageTurns()
        _ = turns.arrived(delivery(1_000, from: "west"))
        var passedOver: [UInt64] = []
        _ = turns.arrived(delivery(2_000, from: "east", kind: "verify"))
        for number in 1...300 {
            passedOver += turns.arrived(delivery(UInt64(number), from: "east")).map(\.tag.number)
        }
        #expect(passedOver == Array(1...101))
        #expect(drain(&turns) == [1_000, 2_000] + Array(102...300))
    }

    @Test func largeOnesTakeNoMoreThanTheirPart() {
        var turns = MessageTurns()
        let large = 7 << 20
        #expect(turns.arrived(delivery(1, from: "east", bytes: large)).isEmpty)
        #expect(turns.arrived(delivery(2, from: "east", bytes: large)).map(\.tag.number) == [1])
        // One is kept, whatever its size.
        #expect(turns.arrived(delivery(3, from: "east", bytes: 40 << 20)).map(\.tag.number) == [2])
        #expect(!turns.hasRoom)
        #expect(turns.arrived(delivery(4, from: "east")).map(\.tag.number) == [3])
        #expect(turns.hasRoom && drain(&turns) == [4])
        for number in 5...8 { _ = turns.arrived(delivery(UInt64(number), from: "user\(number)", bytes: large)) }
        #expect(turns.hasRoom)
        _ = turns.arrived(delivery(10, from: "user10", bytes: large))
        #expect(!turns.hasRoom)
        _ = turns.next()
        #expect(turns.hasRoom)
        turns.removeAll()
        #expect(turns.isEmpty)
    }
}
