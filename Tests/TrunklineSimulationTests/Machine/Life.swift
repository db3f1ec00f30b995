import Foundation
import GRDBSQLite
import TrunklineCore

/// One life of a process, from its start to its crash: counts its statements and broker calls, and at one of them it
/// is held up for a while, or dies.
///
/// After its death nothing takes effect any more: its statements are interrupted, its commits refused, its broker
/// calls fail. That is what the rest of the world sees of a `kill -9`.
final class Life: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    let name: String
    let world: World
    let turnstile = Turnstile()
    private(set) var isDead = false
    /// It neither is held up nor dies.
    private let isSteady: Bool
    private(set) var beats = 0
    private var deathAt: Int?
    private var pauseAt: Int?
    /// Held up until this decision of the world.
    private(set) var heldUntil = 0
    private var hold: Hold?

    private enum Hold {
        case task(CheckedContinuation<Void, Never>)
        case thread(DispatchSemaphore)
    }

    init(name: String, world: World, isSteady: Bool = false) {
        self.isSteady = isSteady
        self.name = name
        self.world = world
    }

    var isHeld: Bool { hold != nil }

    /// Dies at its `beats`-th statement or broker call from now on.
    func die(after beats: Int) { deathAt = self.beats + beats }

    /// Is held up at its `beats`-th statement or broker call from now on.
    func pause(after beats: Int) { pauseAt = self.beats + beats }

    /// Dies no more, unless it has.
    func stayAlive() { (deathAt, pauseAt) = (nil, nil) }

    func dieNow() { isDead = true }

    /// Goes on where it was held up.
    func goOn() {
        switch hold {
        case .task(let continuation):
            hold = nil
            continuation.resume()
        case .thread(let semaphore):
            hold = nil
            semaphore.signal()
        case nil: preconditionFailure("\(name) is not held up")
        }
    }

    /// Before a broker call.
    func beat(_ what: @autoclosure () -> String) async {
        guard count(what()) else { return }
        await withCheckedContinuation { continuation in
            hold = .task(continuation)
            world.isHeldUp()
        }
    }

    /// Before a statement, on the connection's thread.
    func beat(statement: @autoclosure () -> String) {
        guard count(statement()) else { return }
        let semaphore = DispatchSemaphore(value: 0)
        hold = .thread(semaphore)
        world.isHeldUp()
        semaphore.wait()
    }

    /// - Returns: whether it is to be held up here.
    private func count(_ what: @autoclosure () -> String) -> Bool {
        guard !isDead, !isSteady else { return false }
        beats += 1
        world.log.note("  \(name) \(beats): \(what())")
        if beats == deathAt {
            isDead = true
            world.log.note("\(name) dies")
            return false
        }
        guard beats == pauseAt || world.chance(world.holds(name)) else { return false }
        heldUntil = world.decision + world.draw(0..<20)
        return true
    }
}
