import TrunklineCore

/// Which published messages still lack their confirm, and which of them were returned.
///
/// For an unroutable mandatory message RabbitMQ sends basic.return first and basic.ack later
/// (https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed); the ledger makes one
/// ``PublisherConfirm`` of the two. A return names no delivery tag, only the message id, so of two messages in
/// flight with one id the earlier counts as returned first.
struct ConfirmLedger {
    private struct Entry {
        var number: UInt64
        var messageID: String
        var returnReason: String?
    }

    private let connection: UInt64
    /// In the order of their numbers.
    private var open: [Entry] = []
    private var lastNumber: UInt64 = 0

    init(connection: UInt64) { self.connection = connection }

    /// A message went out. The broker numbers them from 1, in the order of sending.
    mutating func published(messageID: String) -> MessageTag {
        lastNumber += 1
        open.append(Entry(number: lastNumber, messageID: messageID))
        return MessageTag(connection: connection, number: lastNumber)
    }

    /// basic.return arrived. A return that fits no open message is ignored.
    mutating func returned(messageID: String?, reason: String) {
        let index = open.firstIndex { $0.messageID == messageID && $0.returnReason == nil }
        if let index { open[index].returnReason = reason }
    }

    /// basic.ack arrived.
    mutating func acked(_ number: UInt64, multiple: Bool) -> [PublisherConfirm] {
        settle(number, multiple) { .confirmed($0) }
    }

    /// basic.nack arrived.
    mutating func nacked(_ number: UInt64, multiple: Bool) -> [PublisherConfirm] {
        settle(number, multiple) { .nacked($0) }
    }

    private mutating func settle(
        _ number: UInt64, _ multiple: Bool, _ outcome: (MessageTag) -> PublisherConfirm
    ) -> [PublisherConfirm] {
        let end = open.firstIndex { $0.number > number } ?? open.endIndex
        let start = multiple ? open.startIndex : open[..<end].firstIndex { $0.number == number } ?? end
        defer { open.removeSubrange(start..<end) }
        return open[start..<end].map { entry in
            let tag = MessageTag(connection: connection, number: entry.number)
            return entry.returnReason.map { .returned(tag, reason: $0) } ?? outcome(tag)
        }
    }
}
