import ArgumentParser
import TrunklineServices

/// The executable `head-ingestor`.
@main
enum Program {
    static func main() async { await HeadIngestor.main() }
}
