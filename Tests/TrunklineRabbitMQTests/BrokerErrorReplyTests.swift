import Testing
import TrunklineCore

@testable import TrunklineRabbitMQ

@Suite struct BrokerErrorReplyTests {
    @Test(arguments: [
        (320, "CONNECTION_FORCED - broker forced connection closure", BrokerError.Code.closedByBroker),
        (403, "ACCESS_REFUSED - access to queue 'q' in vhost 'v' refused", .accessRefused),
        (404, "NOT_FOUND - no queue 'q' in vhost 'v'", .topology),
        (405, "RESOURCE_LOCKED - cannot obtain exclusive access", .topology),
        (406, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q'", .topology),
        (406, "PRECONDITION_FAILED - message size 9 is larger than configured max size 8", .tooLarge),
        (406, "PRECONDITION_FAILED - user_id property set to 'a' but authenticated user was 'b'", .accessRefused),
        (406, "PRECONDITION_FAILED - delivery acknowledgement on channel 2 timed out", .closedByBroker),
        (406, "PRECONDITION_FAILED - unknown delivery tag 9", .closedByBroker),
        (530, "NOT_ALLOWED - vhost v not found", .accessRefused),
        (541, "INTERNAL_ERROR", .closedByBroker),
    ])
    func tellsByCodeAndText(replyCode: Int, text: String, code: BrokerError.Code) {
        let error = BrokerError(
            replyCode: UInt16(replyCode), text: text, operation: "publish", subject: "trunkline.up")
        #expect(error.code == code)
        #expect(error.reason == text)
        #expect((error.hint == nil) == error.isTransient)
    }

    @Test func saysHowLongAMessageMayBe() {
        func limit(_ text: String) -> Int? {
            BrokerError(replyCode: 406, text: text, operation: "publish", subject: "").limit
        }
        #expect(limit("PRECONDITION_FAILED - message size 9 is larger than configured max size 8") == 8)
        #expect(limit("PRECONDITION_FAILED - message size 9 larger than max size 8") == 8)
        #expect(limit("PRECONDITION_FAILED - message size is too large") == nil)
        #expect(limit("PRECONDITION_FAILED - unknown delivery tag 9") == nil)
    }
}
