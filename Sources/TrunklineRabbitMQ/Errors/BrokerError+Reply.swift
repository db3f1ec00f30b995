import TrunklineCore

extension BrokerError {
    /// What the broker meant by connection.close or channel.close (AMQP 0-9-1, section 1.2, reply codes).
    ///
    /// RabbitMQ says several things with 406 PRECONDITION_FAILED; only the text tells them apart.
    init(replyCode: UInt16, text: String, operation: String, subject: String) {
        let (code, hint) = Self.meaning(of: replyCode, text: text)
        self.init(code, operation: operation, subject: subject, reason: text, hint: hint)
        if code == .tooLarge { limit = Self.limit(in: text) }
    }

    /// Of «message size 3000000 is larger than configured max size 1048576», whatever stands between the numbers.
    private static func limit(in text: String) -> Int? {
        let numbers = text.split { !$0.isASCII || !$0.isNumber }.compactMap { Int($0) }
        return numbers.count == 2 ? numbers[1] : nil
    }

    private static func meaning(of replyCode: UInt16, text: String) -> (Code, hint: String?) {
        switch replyCode {
        case 403:
            (.accessRefused, "check user and password in broker.url, and the user's permissions at the broker")
        case 530:
            (
                .accessRefused,
                "check the virtual host in broker.url, and that the user may use it; a suspended branch may not"
            )
        case 404:
            (.topology, "declare it: trunkline init at the head, trunkline branch add for a branch")
        case 406 where text.contains("message size"):
            (.tooLarge, "lower batch.bytes and batch.max-row-bytes, or raise max_message_size at the broker")
        case 406 where text.contains("user_id"):
            (.accessRefused, "publish as the user that is connected")
        case 406 where text.contains("inequivalent"):
            (.topology, "it exists with other properties: drain and delete it, then declare it again")
        case 405:
            (.topology, "another connection owns it exclusively; delete it there")
        case 311:
            (.tooLarge, "lower the batch size")
        default:
            (.closedByBroker, nil)
        }
    }
}
