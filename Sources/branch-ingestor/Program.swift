import ArgumentParser
import TrunklineServices

/// The executable `branch-ingestor`.
@main
enum Program {
    static func main() async { await BranchIngestor.main() }
}
