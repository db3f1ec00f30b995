import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// A branch as the head's `trunkline status` shows it: what it sends, what is sent to it, and what deserves a look.
struct BranchState {
    var id: OfficeID
    /// nil: it was removed, and its rows are still there.
    var record: Branch?
    /// What the branch sends.
    var up: StreamStatus?
    /// What is sent to it.
    var down: StreamStatus?

    /// Those that were added, and those of which there are streams, by name. One pass: there may be thousands.
    static func all(branches: [Branch], streams: [StreamStatus]) -> [BranchState] {
        var states = Dictionary(uniqueKeysWithValues: branches.map { ($0.id, BranchState(id: $0.id, record: $0)) })
        for status in streams {
            let id = status.stream.branch
            switch status.direction {
            case .receiving: states[id, default: BranchState(id: id)].up = status
            case .sending: states[id, default: BranchState(id: id)].down = status
            }
        }
        return states.values.sorted { $0.id < $1.id }
    }

    var isHeardOf: Bool { up != nil || down?.lastContactSeconds != nil }

    /// The latest word of it in either direction.
    var lastContactSeconds: Double? { [up, down].compactMap { $0?.lastContactSeconds }.min() }

    var needsSomebody: Bool { remarks.contains(where: \.needsSomebody) }

    var remarks: [Remark] {
        guard let record else {
            return [Remark(text: "\(id): the branch was removed; its rows stay", needsSomebody: false)]
        }
        let streams = [up, down].compactMap { $0 }.map { StreamRemarks(role: .head, status: $0) }
        let own = streams.flatMap(\.remarks)
        if record.isSuspended { return own + [record.suspension] }
        if !isHeardOf { return own + [record.absence] }
        if let silent = lastContactSeconds, streams.allSatisfy({ $0.silentSeconds != nil }) {
            return own + [Remark(text: "\(id): no word for \(HumanDuration.text(seconds: silent))")]
        }
        return own + streams.flatMap(\.silence)
    }
}

extension Branch {
    /// What people are told of a branch that is shut out.
    var suspension: Remark {
        Remark(
            text:
                "\(id) is SUSPENDED: nothing that it sends is stored, and nothing is sent to it; let it in again with: trunkline branch resume \(id)"
        )
    }

    /// What people are told of a branch that never said anything.
    var absence: Remark {
        Remark(
            text: "\(id) was added and has not been heard of; is trunkline running there, with the kit of branch add?")
    }
}
