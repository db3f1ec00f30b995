import ArgumentParser
import TrunklineServices

/// The executable `branch-acker`.
@main
enum Program {
    static func main() async { await BranchAcker.main() }
}
