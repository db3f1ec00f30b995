import TrunklineCore

/// The results of a verification as they come in, one a stream.
struct VerificationAnswers: Sendable {
    let streams: [StreamID]
    /// Why nobody will answer of a stream: no question travels in one that waits for a decision.
    private(set) var stopped: [StreamID: String]
    private var finals: [StreamID: VerificationResult] = [:]
    /// ``streams`` again: there may be thousands.
    private var asked: Set<StreamID>

    init(streams: [StreamID], stopped: [StreamID: String] = [:]) {
        self.streams = streams
        self.stopped = stopped
        asked = Set(streams)
    }

    /// - Parameters:
    ///   - results: all that the store knows of, again and again.
    ///   - own: what this office sends, of which alone another one can answer.
    mutating func take(_ results: [VerificationResult], sentBy office: OfficeID, _ own: Set<TableName>) {
        for var result in results where asked.contains(result.stream) && VerificationAnswers.isFinal(result) {
            if result.stream.source == office { result.tables.removeAll { !own.contains($0.name) } }
            finals[result.stream] = result
        }
    }

    /// Streams may be stopped while their answers are waited for. One that goes on was not asked.
    mutating func note(stopped: [StreamID: String]) { self.stopped.merge(stopped) { first, _ in first } }

    /// What came of a later question replaces what is known of the streams that it was about.
    func updated(with later: VerificationAnswers) -> VerificationAnswers {
        var updated = self
        for stream in later.streams {
            updated.finals[stream] = later.finals[stream]
            updated.stopped[stream] = later.stopped[stream]
        }
        return updated
    }

    /// With these tables alone; none: with all.
    func limited(to tables: [TableName]) -> VerificationAnswers {
        guard !tables.isEmpty else { return self }
        var limited = self
        limited.finals = finals.mapValues { result in
            var result = result
            result.tables = result.tables.filter { tables.contains($0.name) }
            return result
        }
        return limited
    }

    /// The branches that were asked about, each once, in the order of their streams.
    var branches: [OfficeID] {
        var seen: Set<OfficeID> = []
        return streams.map(\.branch).filter { seen.insert($0).inserted }
    }

    var isComplete: Bool { streams.allSatisfy { finals[$0] != nil } }
    /// Whether nothing more will come.
    var isOver: Bool { streams.allSatisfy { finals[$0] != nil || stopped[$0] != nil } }
    var unanswered: [StreamID] { streams.filter { finals[$0] == nil } }
    /// Without an answer, and not for want of a decision.
    var awaited: [StreamID] { unanswered.filter { stopped[$0] == nil } }

    /// In the order of the streams. A branch may sync tables of one direction alone, and then there is nothing to compare in
    /// the other; where nothing was compared at all, that must not look like agreement, and the result is here.
    var results: [VerificationResult] {
        let speaking = Set(finals.filter { !$0.value.tables.isEmpty }.map(\.key.branch))
        return streams.compactMap { finals[$0] }.filter { !$0.tables.isEmpty || !speaking.contains($0.stream.branch) }
    }

    /// What differs and can be mended by sending keys again, by stream.
    func differing(in streams: [StreamID]) -> [StreamID: [TableResult]] {
        var differing: [StreamID: [TableResult]] = [:]
        for stream in streams {
            let tables = finals[stream]?.tables.filter { !$0.agrees && $0.problem == nil } ?? []
            if !tables.isEmpty { differing[stream] = tables }
        }
        return differing
    }

    /// A second round that could name no key is never asked for.
    private static func isFinal(_ result: VerificationResult) -> Bool {
        !result.needsSecondRound || result.tables.allSatisfy { $0.agrees || $0.problem != nil }
    }
}
