import TrunklineCore
import TrunklineRuntime

/// Which streams a verification compares, decided from what the office's database says of them.
struct VerificationScope: Hashable, Sendable {
    var streams: [StreamID] = []
    /// Why nothing travels in some of them, until someone decides.
    var stopped: [StreamID: String] = [:]

    init() {}

    /// At a branch: what it sends, and what the head sends to it, if that ever sent anything.
    init(atBranch branch: OfficeID, statuses: [StreamStatus]) {
        let down = StreamID(from: .head, to: branch)
        streams = [StreamID(from: branch, to: .head)]
        if statuses.contains(where: { $0.stream == down && $0.direction == .receiving }) { streams.append(down) }
        stopped = Self.stopped(streams, statuses)
    }

    /// At the head: of each of these branches what it sends, and what is sent to it.
    init(atHeadOf branches: [OfficeID], outbound: [StreamID], statuses: [StreamStatus]) {
        let outbound = Set(outbound)
        streams = branches.flatMap { branch in
            let down = StreamID(from: .head, to: branch)
            return [StreamID(from: branch, to: .head)] + (outbound.contains(down) ? [down] : [])
        }
        stopped = Self.stopped(streams, statuses)
    }

    /// Only what this office sends: what it can mend.
    func sent(by office: OfficeID) -> VerificationScope {
        var sent = self
        sent.streams = streams.filter { $0.source == office }
        return sent
    }

    static func stopped(_ streams: [StreamID], _ statuses: [StreamStatus]) -> [StreamID: String] {
        let asked = Set(streams)
        var stopped: [StreamID: String] = [:]
        for status in statuses where asked.contains(status.stream) { stopped[status.stream] = status.stopped }
        return stopped
    }
}
