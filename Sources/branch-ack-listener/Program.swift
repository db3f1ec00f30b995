import ArgumentParser
import TrunklineServices

/// The executable `branch-ack-listener`.
@main
enum Program {
    static func main() async { await BranchAckListener.main() }
}
