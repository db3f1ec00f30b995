internal import FoundationEssentials

extension SenderEngine {
    /// Begins a recovery that somebody decided on.
    public func beginRecovery(of stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) throws(StoreError) {
        _ = try books.lockOutbound(stream)
        let recovery = try books.outboundRecovery(stream)
        guard recovery.isStopped || recovery.state?.mode.sendsChanges == false else {
            throw StoreError.nothingToRecover(stream)
        }
        if mode == .keepHead { try books.checkYielding(newKeys: newKeys) }
        try begin(stream, mode, newKeys: newKeys)
    }

    func begin(_ stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) throws(StoreError) {
        try books.beginEpoch(stream, newKeys: newKeys)
        try go(on: mode, stream, passes: 0)
    }

    /// A verification follows, whose result moves the recovery on.
    private func go(on mode: RecoveryMode, _ stream: StreamID, passes: Int) throws(StoreError) {
        let wish = VerificationRequest(id: UUID(), stream: stream)
        try books.setRecovery((mode, wish.id), passes: passes, of: stream)
        try books.request(wish)
    }

    /// A round of a verification came: the second one follows where it is needed; after the last one a recovery goes on
    /// that waited for it.
    func take(_ result: VerificationResult) throws(StoreError) {
        try books.keepResult(result)
        if result.needsSecondRound { return try books.request(VerificationRequest(secondRoundAfter: result)) }
        let stream = result.stream
        let recovery = try books.outboundRecovery(stream)
        guard let state = recovery.state, state.verification == result.id else {
            return try noteAgreement(result, recovery.report)
        }
        let differing = result.tables.filter { !$0.agrees }
        switch RecoveryDecision.decide(state.mode, passes: recovery.passes, result: result) {
        case .wait: break
        case .finish: try books.setRecovery(nil, passes: 0, of: stream)
        case .giveUp:
            try books.setRecovery(nil, passes: 0, of: stream)
            try books.setReport(
                RecoveryReport(tables: recovery.report.tables, differing: differing.map(\.name)), of: stream)
        case .mark(let next, let passes):
            for table in differing where table.isLeftOut != true { try books.logDifferent(table, of: stream) }
            try go(on: next, stream, passes: passes)
        case .yield(let next):
            let outcome = try books.yield(
                to: differing.filter { $0.isLeftOut != true }, newKeys: state.newKeys, of: stream)
            try books.setReport(recovery.report.adding(outcome.tables), of: stream)
            try go(on: outcome.hasMoreThanNamed ? .keepHead : next, stream, passes: 0)
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
