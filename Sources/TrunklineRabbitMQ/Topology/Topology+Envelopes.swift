import TrunklineCore

/// Which exchange, routing key and queue an envelope takes. A branch's name is the key of all that concerns it, but for
/// what it answers to the head.
extension Topology {
    static func address(of envelope: Envelope) -> (exchange: String, routingKey: String) {
        switch (envelope.kind, isFromHead: envelope.from == .head) {
        case (.batch, false), (.halt, false): (upExchange, envelope.from.description)
        case (.batch, true), (.halt, true): (downExchange, envelope.to.description)
        case (.ack, true), (.verify, true): (acksExchange, envelope.to.description)
        case (.ack, false), (.verify, false): (headAcksExchange, OfficeID.head.description)
        }
    }

    /// Where an office finds what others have for it.
    static func queues(
        of kinds: Set<Envelope.Kind>, from senders: Set<OfficeID>, to office: OfficeID
    ) -> Set<String> {
        var queues: Set<String> = []
        for kind in kinds {
            switch (kind, isAtHead: office == .head) {
            case (.batch, true), (.halt, true):
                queues.formUnion(senders.map(batchesQueue(of:)))
                queues.insert(headQueue)
            case (.batch, false), (.halt, false): queues.insert(changesQueue(of: office))
            case (.ack, true), (.verify, true): queues.insert(headAcksQueue)
            case (.ack, false), (.verify, false): queues.insert(acksQueue(of: office))
            }
        }
        return queues
    }

    /// Whether a message is in a queue of another office than its routing key names. A branch can have the broker put
    /// copies there (the headers CC and BCC, whose keys no permission looks at).
    static func isMisplaced(_ routingKey: String, in queue: String) -> Bool {
        if queue == headQueue { return false }
        if queue == headAcksQueue { return routingKey != OfficeID.head.description }
        guard let branch = OfficeID(routingKey) else { return true }
        return ![batchesQueue(of: branch), acksQueue(of: branch), changesQueue(of: branch)].contains(queue)
    }

    /// Where a stream's batches wait for their receiver.
    static func queue(of stream: StreamID) -> String {
        stream.destination == .head ? batchesQueue(of: stream.source) : changesQueue(of: stream.destination)
    }
}
