import Foundation

/// What the thread of a ``LinkProxy`` does, one turn at a time.
struct LinkLoop {
    private let listener: Int32
    private let serverPort: UInt16
    private var connections: [LinkConnection] = []
    private var up = LinkLane()
    private var down = LinkLane()
    private var read = 0
    private var wasSilent = false
    private var random = SplitMix64(seed: 1)

    init(listener: Int32, serverPort: UInt16) {
        self.listener = listener
        self.serverPort = serverPort
    }

    var traffic: LinkProxy.Traffic { LinkProxy.Traffic(up: read, upOnTheLine: up.carried) }

    /// Waits a moment for something to do, and does it.
    /// - Parameter current: the link's condition, which may change while this waits.
    mutating func turn(_ current: () -> LinkCondition) {
        let condition = current()
        switch condition.passage {
        case .silent:
            if !wasSilent { for connection in connections { connection.isDoomed = true } }
            wasSilent = true
            usleep(20_000)
        case .held:
            usleep(5_000)
        case .refusing:
            wasSilent = false
            resetAll()
            wait(condition)
            for client in accepted() { Sockets.reset(client) }
        case .open:
            if wasSilent { end { $0.isDoomed } }
            wasSilent = false
            wait(condition)
            let now = current()
            guard now.passage == .open else { return }
            for client in accepted() { open(client, now) }
            pass(now)
        }
    }

    mutating func resetAll() { end { _ in true } }

    private mutating func end(_ isMeant: (LinkConnection) -> Bool) {
        for connection in connections where isMeant(connection) { connection.reset() }
        connections.removeAll(where: isMeant)
    }

    /// Until a socket has something for us, or a segment is due; at most 20 ms.
    private func wait(_ condition: LinkCondition) {
        let now = ContinuousClock.now
        let next = connections.flatMap { [$0.up.nextDue, $0.down.nextDue] }.compactMap { $0 }.min()
        let isShaped = condition.bytesPerSecond != nil
        let patience = next.map { min(max($0 - now, .zero), .milliseconds(20)) } ?? .milliseconds(20)
        var sockets = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        func watch(_ flow: LinkFlow, _ lane: LinkLane) {
            guard !flow.hasEnded, lane.takesMore(at: now) else { return }
            sockets.append(pollfd(fd: flow.source, events: Int16(POLLIN), revents: 0))
        }
        for connection in connections {
            watch(connection.up, up)
            watch(connection.down, down)
        }
        let milliseconds = Int32((patience / .milliseconds(1)).rounded(.up))
        _ = poll(&sockets, nfds_t(sockets.count), isShaped ? max(1, milliseconds) : milliseconds)
        // A receiver that does not take what is due would keep us here without a pause.
        if let next, next < now { usleep(500) }
    }

    /// The connections that clients asked for.
    private func accepted() -> [Int32] {
        var clients: [Int32] = []
        var ready = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, 0) == 1 {
            let client = Sockets.accept(listener)
            guard client >= 0 else { break }
            clients.append(client)
        }
        return clients
    }

    private mutating func open(_ client: Int32, _ condition: LinkCondition) {
        // A TCP handshake takes a round trip before the first byte.
        if let connection = try? LinkConnection(client: client, port: serverPort, handshake: condition.delay * 2) {
            connections.append(connection)
        }
    }

    private mutating func pass(_ condition: LinkCondition) {
        var lost: [ObjectIdentifier] = []
        // Who comes first changes, so that one busy connection does not keep the line to itself.
        connections.shuffle(using: &random)
        for connection in connections {
            do throws(LinkFlowEnd) {
                read += try connection.up.read(&up, condition, &random)
                _ = try connection.down.read(&down, condition, &random)
                try connection.up.write()
                try connection.down.write()
                if connection.isDone { throw .lost }
            } catch {
                lost.append(ObjectIdentifier(connection))
            }
        }
        if !lost.isEmpty { end { lost.contains(ObjectIdentifier($0)) } }
    }
}
