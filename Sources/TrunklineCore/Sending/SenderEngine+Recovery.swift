internal import FoundationEssentials

extension SenderEngine {
    /// Begins a recovery that somebody decided on.
    public func beginRecovery(of stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) throws(StoreError) {
        _ = try books.lockOutbound(stream)
        let recovery = try books.outboundRecovery(stream)
        guard recovery.isStopped || recovery.state?.mode.sendsChanges == false else {
            throw StoreError.nothingToRecover(stream)
        }
        if mode == .keepHead {
            try books.checkYielding(newKeys: newKeys, returns: stream.destination == .head)
        }
        try begin(stream, mode, newKeys: newKeys)
    }

    func begin(_ stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) throws(StoreError) {
        try books.beginEpoch(stream, newKeys: newKeys)
        try go(on: mode, stream, passes: 0)
    }

    /// A verification follows, whose result moves the recovery on.
    /// - Parameter returns: what it wants back; nil: it compares.
    func go(
        on mode: RecoveryMode, _ stream: StreamID, passes: Int = 0, returns: ReturnsState? = nil
    ) throws(StoreError) {
        let wish = VerificationRequest(id: UUID(), stream: stream)
        try books.setRecovery(
            RecoveryState(mode: mode, verification: wish.id, returns: returns), passes: passes, of: stream)
        try books.request(wish)
    }

    /// A round of a verification came: the second one follows where it is needed; after the last one a recovery goes on
    /// that waited for it.
    func take(_ result: VerificationResult) throws(StoreError) {
        let stream = result.stream
        let recovery = try books.outboundRecovery(stream)
        if let state = recovery.state, state.verification == result.id, let returns = state.returns {
            return try takeBack(result, returns, state, recovery.report)
        }
        // Rows that nobody waits for any more: they were taken, or another recovery began.
        guard result.returned == nil else { return }
        try books.keepResult(result)
        if result.needsSecondRound { return try books.request(VerificationRequest(secondRoundAfter: result)) }
        guard let state = recovery.state, state.verification == result.id else {
            return try noteAgreement(result, recovery.report)
        }
        // Shared tables come together by their versions, and differ until the head has answered.
        let shared = try books.sharedTables()
        var own = result
        own.tables.removeAll { shared.contains($0.name) }
        let differing = own.tables.filter { !$0.agrees }
        switch RecoveryDecision.decide(state.mode, passes: recovery.passes, result: own) {
        case .wait: break
        case .finish: try books.setRecovery(nil, passes: 0, of: stream)
        case .giveUp:
            try books.setRecovery(nil, passes: 0, of: stream)
            try books.setReport(
                RecoveryReport(tables: recovery.report.tables, differing: differing.map(\.name)), of: stream)
        case .mark(let next, let passes):
            for table in differing where table.isLeftOut != true && (table.problem == nil || passes == 1) {
                try books.logDifferent(table, of: stream)
            }
            try go(on: next, stream, passes: passes)
        case .yield(let next):
            let outcome = try books.yield(
                to: differing.filter { $0.isLeftOut != true }, newKeys: state.newKeys, of: stream)
            var report = recovery.report.adding(outcome.tables)
            // What could not come back is asked for once more.
            report.forgetNotReturned()
            try books.setReport(report, of: stream)
            if outcome.hasMoreThanNamed || next == .keepHead {
                try go(on: .keepHead, stream)
            } else if stream.destination == .head {
                try go(on: .keepHead, stream, returns: ReturnsState())
            } else {
                try go(on: next, stream)
            }
        }
    }

    /// What a recovery gave up on is mended when a later verification agrees.
    private func noteAgreement(_ result: VerificationResult, _ report: RecoveryReport) throws(StoreError) {
        guard result.agrees, !report.differing.isEmpty else { return }
        var report = report
        report.differing = []
        try books.setReport(report, of: result.stream)
    }
}
