/// Exchanges, queues and bindings of the broker: the names that all offices share.
public struct Topology: Hashable, Sendable {
    public struct Queue: Hashable, Sendable {
        public var name: String
        /// Where messages go that are rejected; nil: nowhere.
        public var deadLetterExchange: String?
        /// The most bytes that it keeps, the oldest messages going first; nil: no limit.
        public var byteLimit: Int?

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

    /// Both together, to be declared in one go.
    public func adding(_ other: Topology) -> Topology {
        Topology(
            exchanges: exchanges + other.exchanges, queues: queues + other.queues, bindings: bindings + other.bindings)
    }

    public static let upExchange = "trunkline.up"
    public static let downExchange = "trunkline.down"
    public static let acksExchange = "trunkline.acks"
    public static let deadExchange = "trunkline.dead"
    public static let deadQueue = "trunkline.dead"
    /// Who sends what is refused, without end, must not fill the broker's disk.
    public static let deadBytes = 1 << 30
    public static let headQueue = "trunkline.head"
    public static let headAcksQueue = "trunkline.head.acks"

    public static func changesQueue(of branch: OfficeID) -> String { "trunkline.branch.\(branch).changes" }
    public static func acksQueue(of branch: OfficeID) -> String { "trunkline.branch.\(branch).acks" }

    /// What the head declares once.
    public static var head: Topology {
        Topology(
            exchanges: [upExchange, downExchange, acksExchange, deadExchange],
            queues: [
                Queue(name: headQueue, deadLetterExchange: deadExchange),
                Queue(name: headAcksQueue, deadLetterExchange: deadExchange),
                Queue(name: deadQueue, deadLetterExchange: nil, byteLimit: deadBytes),
            ],
            bindings: [
                Binding(queue: deadQueue, exchange: deadExchange, routingKey: "#"),
                Binding(queue: headAcksQueue, exchange: acksExchange, routingKey: "head"),
            ])
    }

    /// What `branch add` declares for one branch. Without the binding on `trunkline.up` the broker
    /// returns the branch's batches as unroutable, so an office that nobody added is told so.
    public static func branch(_ branch: OfficeID) -> Topology {
        let name = branch.description
        return Topology(
            exchanges: [],
            queues: [
                Queue(name: changesQueue(of: branch), deadLetterExchange: deadExchange),
                Queue(name: acksQueue(of: branch), deadLetterExchange: deadExchange),
            ],
            bindings: [
                Binding(queue: headQueue, exchange: upExchange, routingKey: name),
                Binding(queue: changesQueue(of: branch), exchange: downExchange, routingKey: name),
                Binding(queue: changesQueue(of: branch), exchange: downExchange, routingKey: "all"),
                Binding(queue: acksQueue(of: branch), exchange: acksExchange, routingKey: name),
            ])
    }
}
