internal import TrunklineCore

extension PostgresStore {
    private static let lookEvery = Duration.milliseconds(500)
    private static let retryEvery = Duration.seconds(30)

    /// Looks now and then whether the capture of each table is complete, and sees to those where it is not. What cannot
    /// be mended here does not hold up the other tables: the status says what stands still, and why.
    func lookAtCapture(_ connection: PostgresConnection) throws(StoreError) {
        let now = ContinuousClock.now
        if let captureChecked, now - captureChecked < PostgresStore.lookEvery { return }
        captureChecked = now
        let held = try connection.query(Statements.tablesWithHeld)
        let withHeld = Set((0..<held.rowCount).compactMap { held.integer($0, 0) })
        let states = try CaptureState.all(connection).filter(\.table.captured)
        if states.contains(where: { if case .mapping = $0.table.route { true } else { false } }) {
            try connection.query(Statements.lookAtMoves)
        }
        for state in states {
            // Of what was locked there may be nothing left to read that would show that it is not any more.
            let wasLocked = state.readingProblem == ReadingProblem.lockReason && state.mayBeReadAgain
            let look = try wasLocked ? TableSource.look(at: state.table.relation, connection) : state.look
            if look == .locked {
                try ReadingProblem(lockOf: state.table).record(connection)
            } else if wasLocked {
                try connection.query(Statements.forgetReadingProblems, ["{\(state.table.id)}"])
            }
            var isIntact = false
            if case .intact = state.verdict { isIntact = true }
            if state.readingProblem != nil, state.isReadable { isIntact = true }
            if isIntact, withHeld.contains(state.table.id) {
                // What stood in the way may have been seen to by somebody else: a privilege, say.
                try connection.query(Statements.returnHeld, ["\(state.table.id)"])
            }
            guard case .incomplete(let work) = state.verdict else { continue }
            if let last = captureTried[state.table.id], now - last < PostgresStore.retryEvery { continue }
            do {
                _ = try TableCapture(connection, patience: .milliseconds(200)).complete(state, work, isNew: false)
                captureTried[state.table.id] = nil
            } catch {
                guard connection.isOpen, !connection.inTransaction else { throw error }
                captureTried[state.table.id] = now
            }
        }
    }
}
