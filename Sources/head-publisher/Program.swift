import ArgumentParser
import TrunklineServices

/// The executable `head-publisher`.
@main
enum Program {
    static func main() async { await HeadPublisher.main() }
}
