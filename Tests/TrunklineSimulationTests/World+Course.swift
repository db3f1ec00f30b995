import TrunklineCore

extension World {
    enum Decision: Sendable { case step, write, kill, pause, cut, restartBroker, stop, refuse, wait }

    /// The whole course: trouble, then the dust settles.
    /// - Throws: ``BrokenPromise``.
    func run() async throws {
        do {
            while decision < plan.decisions {
                decision += 1
                try await carryOut(nextDecision())
                try checkAtAnyMoment()
            }
            try await settle()
            try checkAtTheEnd()
        } catch {
            log.note("\(error)")
            await end()
            throw error
        }
        await end()
    }

    private func nextDecision() -> Decision {
        var point = draw(0..<100)
        for (decision, share) in plan.shares {
            if point < share { return decision }
            point -= share
        }
        return .step
    }

    private func carryOut(_ next: Decision) async throws {
        switch next {
        case .step:
            let awake = processes.filter { isAwake($0) }
            let others = processes.filter { !$0.isHeld }
            let candidates = awake.isEmpty || chance(0.1) ? others : awake
            if !candidates.isEmpty { await run(draw(candidates)) }
        case .write: try write(at: draw(branches))
        case .kill: await kill(draw(processes))
        case .pause: draw(processes).life?.pause(after: draw(1..<25))
        case .cut:
            let office = draw([head] + branches)
            office.cutUntil = decision + draw(1..<15)
            log.note("the link of \(office.id) is cut")
        case .restartBroker:
            log.note("the broker restarts")
            for process in processes { process.link?.lose() }
        case .stop:
            let process = draw(processes)
            guard !process.isStepping, process.life != nil else { return }
            log.note("\(process.name) is stopped")
            await run(process, stopping: true)
        case .refuse: try refuse(!refuses)
        case .wait:
            let time = VirtualClock.tick * draw(1..<20)
            log.note("\(time) pass")
            pass(time)
        }
    }

    /// Now, or at one of its next statements or broker calls.
    private func kill(_ process: SimulatedProcess) async {
        guard let life = process.life else { return }
        let beats = draw(0..<60)
        guard beats == 0 else {
            life.die(after: beats)
            return
        }
        log.note("\(process.name) is killed")
        life.dieNow()
        if process.isHeld { await run(process) } else { await process.bury() }
    }

    /// The head refuses some sales for a while, through a constraint that somebody switches on and off.
    func refuse(_ wanted: Bool) throws {
        guard wanted != refuses else { return }
        do {
            try head.application.run(wanted ? "INSERT INTO refusing VALUES (1)" : "DELETE FROM refusing")
        } catch let error as PlainConnection.Failure where error.isLocked {
            return
        }
        refuses = wanted
        log.note("the head \(wanted ? "refuses some sales" : "takes all sales")")
    }

    /// The writers stop, the links are up, nothing fails any more: everything must come to rest.
    private func settle() async throws {
        log.note("the dust settles")
        weather = .fair
        for process in processes { process.life?.stayAlive() }
        for process in processes where process.isHeld { await run(process) }
        for office in [head] + branches { office.cutUntil = 0 }
        for branch in branches where branch.application.isInTransaction { try endTransaction(at: branch) }
        try refuse(false)
        try await endCopies()
        for _ in 0..<100 {
            decision += 100
            var worked = false
            for process in processes where isAwake(process) { worked = try await runUntilIdle(process) || worked }
            if !worked, try isQuiet() { return }
            if !worked { pass(VirtualClock.tick * 3) }
        }
        throw BrokenPromise("10. It converges", try unrest())
    }

    /// One of each kind does for the rest.
    private func endCopies() async throws {
        for process in processes where process.isCopy { await process.end() }
        processes.removeAll(where: \.isCopy)
    }

    /// - Returns: whether there was work.
    private func runUntilIdle(_ process: SimulatedProcess) async throws -> Bool {
        for steps in 0..<10 {
            await run(process)
            try checkAtAnyMoment()
            if process.result != .worked { return steps > 0 }
        }
        return true
    }

    private func end() async {
        weather = .fair
        for process in processes where process.isHeld {
            process.life?.dieNow()
            await run(process)
        }
        for process in processes { await process.end() }
    }
}
