import TrunklineCore
import TrunklineSQLite

/// A service of an office, in one process: started when it is first stepped, and anew after each crash.
final class SimulatedProcess: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    let name: String
    /// `publisher`, say.
    let kind: String
    /// The office that it stands in.
    let office: OfficeID
    /// A second one of its kind.
    let isCopy: Bool
    /// Something happened since it last found nothing to do; a process without news waits.
    var hasNews = true
    private let make: @Sendable (Life) -> Parts
    private var parts: Parts?
    private(set) var isStepping = false
    /// Of the last step; nil when it failed.
    private(set) var result: StepResult?

    struct Parts {
        var life: Life
        var service: any SteppedService
        var database: Site.Store
        var link: SimulatedLink
    }

    init(
        name: String, kind: String, office: OfficeID, isCopy: Bool,
        make: @escaping @Sendable (Life) -> Parts
    ) {
        self.name = name
        self.kind = kind
        self.office = office
        self.isCopy = isCopy
        self.make = make
    }

    var life: Life? { parts?.life }
    var link: SimulatedLink? { parts?.link }
    var isHeld: Bool { parts?.life.isHeld ?? false }

    /// Goes on where it was held up, else begins a step; the world hears when it is held up or the step has ended.
    func run(in world: World, stopping: Bool = false) {
        if isHeld {
            parts!.life.goOn()
            return
        }
        let parts = self.parts ?? make(Life(name: name, world: world))
        self.parts = parts
        isStepping = true
        Task(executorPreference: world.executor) { [self] in
            if stopping {
                await parts.service.shutdown()
                if !parts.life.isDead { self.parts = nil }
            } else {
                await step(parts, world)
            }
            isStepping = false
            world.isHeldUp()
        }
    }

    /// As ``ServiceLoop`` does it, without its pauses.
    private func step(_ parts: Parts, _ world: World) async {
        do {
            result = nil
            result = try await parts.service.step()
            world.log.note("\(name): \(result!)")
        } catch {
            guard !parts.life.isDead else { return }
            world.log.note("\(name): \(error)")
            await parts.service.recover()
        }
    }

    /// Throws a dead life away: what it had open is closed, as the kernel does it.
    func bury() async {
        guard let parts, parts.life.isDead, !isStepping else { return }
        self.parts = nil
        parts.link.vanish()
        await parts.database.store.close()
    }

    /// At the end of the world.
    func end() async {
        precondition(!isStepping, "\(name) is held up")
        await bury()
        guard let parts else { return }
        self.parts = nil
        parts.link.vanish()
        parts.life.world.giveBack(parts.database, from: name)
    }
}
