import TrunklineCore

extension World {
    enum Decision: Sendable {
        case step, write, kill, pause, cut, restartBroker, stop, refuse, wait, backUp, restore, decide, hour
        // Of worlds where the head writes too.
        case writeShared, writeAtHead, writeLocally, addBranch, removeBranch, resync, longDay, forge
    }

    /// The whole course: trouble, then the dust settles.
    /// - Throws: ``BrokenPromise``.
    func run() async throws {
        do {
            if plan.sharesTables { try begin() }
            try await makeTrouble(plan.decisions) { _ in true }
            try await settle()
            try await recoverAll()
            if plan.verifies { try await verify() }
            try checkAtTheEnd()
            if flows.contains(where: mayForget) {
                try await settle()
                try checkNotices()
            }
        } catch {
            log.note("\(error)")
            await end()
            throw error
        }
        await end()
    }

    private func makeTrouble(_ decisions: Int, where isAllowed: (Decision) -> Bool) async throws {
        for _ in 0..<decisions {
            decision += 1
            let next = nextDecision()
            if isAllowed(next) { try await carryOut(next) }
            try checkAtAnyMoment()
        }
    }

    /// Somebody decides about the streams that are stopped; then there is trouble again, and again the dust settles.
    private func recoverAll() async throws {
        let storm = plan.restores == .none ? Weather.fair : Weather(drawnFrom: &random)
        for _ in 0..<3 {
            try checkStops()
            let cases = try await decideAll()
            guard !cases.isEmpty else { return }
            weather = storm
            try await makeTrouble(draw(0..<40)) { next in
                switch next {
                case .backUp, .restore, .decide, .addBranch, .removeBranch: false
                case .write, .writeShared, .writeAtHead, .writeLocally: plan.sellsOn
                case .step, .kill, .pause, .cut, .restartBroker, .stop, .refuse, .wait, .hour, .resync, .longDay,
                    .forge:
                    true
                }
            }
            try await settle()
            if !plan.sellsOn { for decided in cases { try check(decided) } }
        }
        try checkStops()
    }

    private func nextDecision() -> Decision {
        var point = draw(0..<max(100, plan.shares.reduce(25) { $0 + $1.1 }))
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
        case .writeShared: try writeShared(at: draw(offices))
        case .writeAtHead: try write(at: head)
        case .writeLocally: try writeLocally(at: draw(branches))
        case .addBranch: try await addBranch()
        case .removeBranch: try await removeBranch()
        case .resync: try await resync()
        case .longDay: try haveALongDay()
        case .forge: try forgeAck()
        case .kill: await kill(draw(processes))
        case .pause: draw(processes).life?.pause(after: draw(1..<25))
        case .cut:
            let office = draw(offices)
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
        case .backUp: try backUp()
        case .restore: try await restore()
        case .decide: try await decide()
        case .hour: try await workForAnHour()
        }
    }

    /// As a batch and its ack travel.
    private var processesInOrder: [SimulatedProcess] {
        ["publisher", "ingestor", "acker", "ack-listener", "reaper"].flatMap { kind in
            processes.filter { $0.kind == kind }
        }
    }

    /// The links open, and everybody works.
    private func workForAnHour() async throws {
        log.note("the links open for an hour")
        for office in offices { office.cutUntil = 0 }
        for _ in 0..<3 {
            for process in processesInOrder where !process.isHeld && isAwake(process) {
                await run(process)
                try checkAtAnyMoment()
            }
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
        await crash(process)
    }

    func crash(_ process: SimulatedProcess) async {
        guard let life = process.life else { return }
        log.note("\(process.name) is killed")
        life.dieNow()
        if process.isHeld { await run(process) } else { await process.bury() }
    }

    /// The head refuses some sales for a while, through a constraint that somebody switches on and off.
    func refuse(_ wanted: Bool) throws {
        // What its own program has not committed yet is not to be undone with this.
        guard wanted != refuses, !head.application.isInTransaction else { return }
        do {
            try head.application.run(wanted ? "INSERT INTO refusing VALUES (1)" : "DELETE FROM refusing")
        } catch let error as PlainConnection.Failure where error.isLocked {
            return
        }
        refuses = wanted
        log.note("the head \(wanted ? "refuses some sales" : "takes all sales")")
    }

    /// The writers stop, the links are up, nothing fails any more: everything must come to rest.
    func settle() async throws {
        log.note("the dust settles")
        weather = .fair
        for process in processes { process.life?.stayAlive() }
        for process in processes where process.isHeld { await run(process) }
        for office in offices { office.cutUntil = 0 }
        for office in offices where office.application.isInTransaction { try endTransaction(at: office) }
        try refuse(false)
        if plan.sendsDown {
            for branch in branches where branch.hasShelf { try branch.application.run("DELETE FROM shelf") }
        }
        // A restored database is noticed at the next batch of its stream.
        if plan.restores != .none {
            for branch in branches {
                try branch.application.run("INSERT OR REPLACE INTO line VALUES (9, 9, 'the last')")
            }
            if plan.sendsDown { try head.application.run("INSERT OR REPLACE INTO price VALUES (9, 'the last', 9)") }
        }
        try await endCopies()
        for _ in 0..<100 {
            decision += 100
            var worked = false
            for process in processesInOrder where isAwake(process) {
                worked = try await runUntilIdle(process) || worked
            }
            if try isQuiet() { return }
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
