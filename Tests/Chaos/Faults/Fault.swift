import TrunklineTesting

/// Something that goes wrong, for a while, and then is over.
enum Fault: Hashable, Sendable {
    /// kill -9; started again when the fault is over.
    case killService(ServiceName)
    /// SIGSTOP, then SIGCONT.
    case pauseService(ServiceName)
    /// kill -9 of RabbitMQ; started again when the fault is over.
    case killBroker
    /// SIGSTOP of RabbitMQ, then SIGCONT.
    case pauseBroker
    /// kill -9 of an office's PostgreSQL with its backends; started again when the fault is over.
    case killPostgres(office: String)
    /// An office's link refuses connections.
    case cutLink(office: String)
    /// The open connections of an office's link are reset.
    case resetLink(office: String)
    /// Nothing passes; connections stay.
    case holdLink(office: String)
    /// 64 to 256 kbit/s with 100 to 600 ms for a round trip.
    case slowLink(office: String, LinkCondition)
    /// 2 to 10 % of the segments are lost, at 1 Mbit/s and 60 ms.
    case lossyLink(office: String, LinkCondition)
    /// No byte is free on the disk with a branch's database. A PostgreSQL that gives up is started again afterwards.
    case fillDisk(office: String)

    /// As the report counts it.
    enum Kind: String, CaseIterable, Sendable {
        case killService = "kill -9 of a service"
        case pauseService = "SIGSTOP of a service"
        case killBroker = "kill -9 of the broker"
        case pauseBroker = "SIGSTOP of the broker"
        case killPostgres = "kill -9 of a PostgreSQL"
        case cutLink = "link cut"
        case resetLink = "link reset"
        case holdLink = "link silent"
        case slowLink = "link slow"
        case lossyLink = "link lossy"
        case fillDisk = "disk full"
    }

    /// What the fault takes for itself: one fault at a time on each.
    enum Target: Hashable, Sendable {
        case service(ServiceName)
        case broker
        /// The database of an office, with its disk.
        case database(office: String)
        case link(office: String)
    }

    var kind: Kind {
        switch self {
        case .killService: .killService
        case .pauseService: .pauseService
        case .killBroker: .killBroker
        case .pauseBroker: .pauseBroker
        case .killPostgres: .killPostgres
        case .cutLink: .cutLink
        case .resetLink: .resetLink
        case .holdLink: .holdLink
        case .slowLink: .slowLink
        case .lossyLink: .lossyLink
        case .fillDisk: .fillDisk
        }
    }

    var target: Target {
        switch self {
        case .killService(let name), .pauseService(let name): .service(name)
        case .killBroker, .pauseBroker: .broker
        case .killPostgres(let office), .fillDisk(let office): .database(office: office)
        case .cutLink(let office), .resetLink(let office), .holdLink(let office), .slowLink(let office, _),
            .lossyLink(let office, _):
            .link(office: office)
        }
    }
}

extension Fault: CustomStringConvertible {
    var description: String {
        switch target {
        case .service(let name): "\(kind.rawValue): \(name)"
        case .database(let office), .link(let office): "\(kind.rawValue): \(office)"
        case .broker: kind.rawValue
        }
    }
}
