import Foundation

/// A client's connection through a ``LinkProxy``, and the proxy's own to the server.
final class LinkConnection {
    let client: Int32
    let server: Int32
    var up: LinkFlow
    var down: LinkFlow
    /// Was open when the link fell silent: both ends get a reset when it is back, as from a router that was restarted.
    var isDoomed = false

    /// - Throws: when nobody listens at the port.
    init(client: Int32, port: UInt16, handshake: Duration) throws(LinkFlowEnd) {
        self.client = client
        server = Sockets.connect(port: port)
        let notBefore = ContinuousClock.now + handshake
        up = LinkFlow(from: client, to: server, notBefore: notBefore)
        down = LinkFlow(from: server, to: client, notBefore: notBefore)
        guard server >= 0 else {
            Sockets.reset(client)
            throw .lost
        }
    }

    /// Nothing more will come from either end, and nothing is left to hand over.
    var isDone: Bool { up.hasEnded && up.isEmpty || down.hasEnded && down.isEmpty }

    /// Both ends see a connection reset by its peer.
    func reset() {
        Sockets.reset(client)
        Sockets.reset(server)
    }
}
