public import TrunklineCore

/// Exchanges, queues and bindings of the broker: the names that all offices share.
public struct Topology: Hashable, Sendable {
    public struct Queue: Hashable, Sendable {
        /// What happens to a message that would bring a queue over its limit of bytes.
        public enum Overflow: String, Sendable {
            /// The oldest messages go.
            case dropHead = "drop-head"
            /// The new one is refused: its publisher gets a nack.
            case rejectPublish = "reject-publish"
        }

        public var name: String
        /// Where messages go that are rejected; nil: nowhere.
        public var deadLetterExchange: String?
        /// The most bytes that it keeps; nil: no limit.
        public var byteLimit: Int?
        /// The most messages that it keeps; nil: no limit.
        public var messageLimit: Int?
        public var overflow = Overflow.dropHead
        /// How often a message may be given back, as by a consumer that is gone, before it is rejected; nil: as often as
        /// the broker's version likes (RabbitMQ 4: 20 times).
        public var deliveryLimit: Int?
        /// Whether one consumer at a time gets all messages, and the next one takes over when it goes.
        public var isSingleActiveConsumer = false
        /// Whether one that exists with other properties is deleted, with what is in it, and declared anew.
        public var isReplaceable = false

        public init(name: String, deadLetterExchange: String?, byteLimit: Int? = nil) {
            self.name = name
            self.deadLetterExchange = deadLetterExchange
            self.byteLimit = byteLimit
        }
    }

    public struct Binding: Hashable, Sendable {
        public var queue: String
        public var exchange: String
        public var routingKey: String
    }

    /// Durable topic exchanges.
    public var exchanges: [String] = []
    /// Durable quorum queues.
    public var queues: [Queue] = []
    public var bindings: [Binding] = []
    /// What an earlier version bound, to be undone when all of the above is there, so that no message is unroutable.
    public var retiredBindings: [Binding] = []

    /// Both together, to be declared in one go.
    public func adding(_ other: Topology) -> Topology {
        Topology(
            exchanges: exchanges + other.exchanges, queues: queues + other.queues, bindings: bindings + other.bindings,
            retiredBindings: retiredBindings + other.retiredBindings)
    }

    public static let upExchange = "trunkline.up"
    public static let downExchange = "trunkline.down"
    /// The head's, to its branches.
    public static let acksExchange = "trunkline.acks"
    /// The branches', to the head: on an exchange of its own, so that no branch can have copies put into the queues of
    /// another one.
    public static let headAcksExchange = "trunkline.head.acks"
    public static let headAcksQueue = "trunkline.head.acks"
    /// Some thousands of acks. Who sends more than the head takes is refused, and says it again later.
    public static let headAcksBytes = 64 << 20
    public static let deadExchange = "trunkline.dead"
    public static let deadQueue = "trunkline.dead"
    /// Who sends what is refused, without end, must not fill the broker's disk.
    public static let deadBytes = 1 << 30
    /// One for all branches, as of version 0.1: what is still in it is taken out of it.
    public static let headQueue = "trunkline.head"

    public static func batchesQueue(of branch: OfficeID) -> String { "trunkline.branch.\(branch).batches" }
    /// A window of 64 batches of 1 MiB, twice, as after a resend, and as much again for batches of large rows. Who sends
    /// more than that is refused with nacks, and fills nobody else's disk.
    public static let batchesBytes = 256 << 20
    /// A window is 64 batches. Copies that another branch has the broker put here (the headers CC and BCC) are many and
    /// small: this many are dropped in about a second.
    public static let batchesMessages = 1_000
    /// A message that nobody can read is refused by its reader. One that came back was in the hands of a service that
    /// ended, or lost its line, or waited for its database for longer than the broker has patience (30 minutes), a
    /// thousand times in a year.
    static let deliveries = 1_000_000
    public static func acksQueue(of branch: OfficeID) -> String { "trunkline.branch.\(branch).acks" }
    /// What the head sends to a branch.
    public static func changesQueue(of branch: OfficeID) -> String { "trunkline.branch.\(branch).changes" }
    /// Acks are state: of a branch that reads none the newest are enough.
    public static let acksBytes = 16 << 20

    /// What the head declares once.
    public static var head: Topology {
        var acks = Queue(name: headAcksQueue, deadLetterExchange: nil, byteLimit: headAcksBytes)
        acks.overflow = .rejectPublish
        acks.deliveryLimit = deliveries
        acks.isReplaceable = true
        return Topology(
            exchanges: [upExchange, downExchange, acksExchange, headAcksExchange, deadExchange],
            queues: [
                Queue(name: headQueue, deadLetterExchange: deadExchange),
                Queue(name: deadQueue, deadLetterExchange: nil, byteLimit: deadBytes), acks,
            ],
            bindings: [
                Binding(queue: deadQueue, exchange: deadExchange, routingKey: "#"),
                Binding(queue: acks.name, exchange: headAcksExchange, routingKey: OfficeID.head.description),
            ])
    }

    /// What `branch add` declares for one branch. Without the binding on `trunkline.up` the broker
    /// returns the branch's batches as unroutable, so an office that nobody added is told so.
    public static func branch(_ branch: OfficeID) -> Topology {
        let name = branch.description
        func batchesQueue(_ name: String) -> Queue {
            var queue = Queue(name: name, deadLetterExchange: deadExchange, byteLimit: batchesBytes)
            queue.overflow = .rejectPublish
            queue.messageLimit = batchesMessages
            queue.isSingleActiveConsumer = true
            queue.deliveryLimit = deliveries
            queue.isReplaceable = true
            return queue
        }
        let batches = batchesQueue(self.batchesQueue(of: branch))
        // What the branch rejects of it its sender keeps: no branch may fill the dead letters with it.
        var changes = batchesQueue(changesQueue(of: branch))
        changes.deadLetterExchange = nil
        // An ack that is dropped for its age is of no interest to anybody: no dead letter.
        var acks = Queue(name: acksQueue(of: branch), deadLetterExchange: nil, byteLimit: acksBytes)
        acks.deliveryLimit = deliveries
        acks.isReplaceable = true
        return Topology(
            queues: [batches, changes, acks],
            bindings: [
                Binding(queue: batches.name, exchange: upExchange, routingKey: name),
                Binding(queue: changes.name, exchange: downExchange, routingKey: name),
                Binding(queue: acks.name, exchange: acksExchange, routingKey: name),
            ],
            retiredBindings: [Binding(queue: headQueue, exchange: upExchange, routingKey: name)])
    }
}
