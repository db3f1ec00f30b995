import ArgumentParser
import TrunklineServices

/// The executable `branch-publisher`.
@main
enum Program {
    static func main() async { await BranchPublisher.main() }
}
