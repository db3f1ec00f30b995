import Testing

@testable import TrunklineRabbitMQ

@Suite struct DeadLettersTests {
    /// A short string of AMQP has 255 bytes, and bytes that are no UTF-8 are three each when they have been read.
    @Test func whatBecameTooLongByReadingIsCut() {
        let read = String(decoding: [UInt8](repeating: 0xff, count: 255), as: UTF8.self)
        #expect(read.utf8.count == 765)
        #expect(RabbitMQDeadLetters.cut(read) == String(repeating: "\u{FFFD}", count: 85))
        #expect(RabbitMQDeadLetters.cut("id-1") == "id-1")
    }
}
