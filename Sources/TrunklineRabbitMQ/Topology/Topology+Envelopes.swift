import TrunklineCore

/// Which exchange, routing key and queue an envelope takes. A branch's name is the key of all that concerns it.
extension Topology {
    static func address(of envelope: Envelope) -> (exchange: String, routingKey: String) {
        switch envelope.kind {
        case .batch, .halt: (upExchange, envelope.from.description)
        case .ack, .verify: (acksExchange, envelope.to.description)
        }
    }

    /// Where an office finds what others have for it.
    static func queues(
        of kinds: Set<Envelope.Kind>, from senders: Set<OfficeID>, to office: OfficeID
    ) -> Set<String> {
        var queues: Set<String> = []
        for kind in kinds {
            switch kind {
            case .batch, .halt:
                queues.formUnion(senders.map(batchesQueue(of:)))
                if office == .head { queues.insert(headQueue) }
            case .ack, .verify:
                queues.insert(acksQueue(of: office))
            }
        }
        return queues
    }

    /// Whether a message is in a queue of another branch than its routing key names. A branch can have the broker put
    /// copies there (the headers CC and BCC, whose keys no permission looks at).
    static func isMisplaced(_ routingKey: String, in queue: String) -> Bool {
        if queue == headQueue { return false }
        guard let branch = OfficeID(routingKey) else { return true }
        return queue != batchesQueue(of: branch) && queue != acksQueue(of: branch)
    }
}
