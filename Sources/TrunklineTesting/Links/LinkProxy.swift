import Foundation
import Synchronization

/// A link between one office and the broker, as a TCP proxy whose condition can change at any moment.
///
/// Has a thread of its own, which alone touches the sockets, and keeps the proxy alive until ``stop()``.
public final class LinkProxy: Sendable {
    /// Where the office finds the broker.
    public let port: UInt16
    private let listener: Int32
    private let serverPort: UInt16
    private let shared = Mutex(Shared())

    private struct Shared {
        var condition = LinkCondition.good
        var resetsWanted = 0
        var isStopped = false
        var traffic = Traffic()
    }

    /// What passed so far, in bytes.
    public struct Traffic: Sendable {
        /// From the office, each byte once.
        public var up = 0
        /// From the office, with what loss made the line carry twice.
        public var upOnTheLine = 0

        public static func - (now: Traffic, before: Traffic) -> Traffic {
            Traffic(up: now.up - before.up, upOnTheLine: now.upOnTheLine - before.upOnTheLine)
        }
    }

    /// - Parameter serverPort: the broker's, on 127.0.0.1.
    public init(to serverPort: UInt16) throws {
        self.serverPort = serverPort
        (listener, port) = try Sockets.listen()
        Thread.detachNewThread { self.run() }
    }

    public var condition: LinkCondition { shared.withLock { $0.condition } }
    public var traffic: Traffic { shared.withLock { $0.traffic } }

    public func set(_ condition: LinkCondition) { shared.withLock { $0.condition = condition } }

    /// Resets every connection that is open now.
    public func resetAll() { shared.withLock { $0.resetsWanted += 1 } }

    /// Ends the thread and all connections.
    public func stop() { shared.withLock { $0.isStopped = true } }

    private func run() {
        var loop = LinkLoop(listener: listener, serverPort: serverPort)
        while true {
            let (resets, isStopped) = shared.withLock { shared in
                defer { shared.resetsWanted = 0 }
                return (shared.resetsWanted, shared.isStopped)
            }
            if isStopped { break }
            if resets > 0 { loop.resetAll() }
            loop.turn { condition }
            shared.withLock { $0.traffic = loop.traffic }
        }
        loop.resetAll()
        close(listener)
    }
}
