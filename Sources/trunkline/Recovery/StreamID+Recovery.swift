import TrunklineCore
import TrunklineRuntime

extension StreamID {
    /// What a person of an office runs, or has run elsewhere, when the stream waits for a decision: its sender decides.
    func recoverCommand(at role: OfficeRole) -> String {
        switch (role, source == .head) {
        case (.branch, false): "trunkline recover"
        case (.head, false): "trunkline recover at \(branch)"
        case (.head, true): "trunkline recover --branch \(branch)"
        case (.branch, true): "trunkline recover --branch \(branch) at the head"
        }
    }
}

extension CommandFailure {
    /// Nothing travels in the stream until a person decides.
    static func stopped(_ stream: StreamID, _ reason: String, at role: OfficeRole) -> CommandFailure {
        CommandFailure(
            .stopped,
            "stream \(stream) is stopped: \(reason); see what differs with: \(stream.recoverCommand(at: role))")
    }
}
