import ArgumentParser
import TrunklineServices

/// The executable `head-acker`.
@main
enum Program {
    static func main() async { await HeadAcker.main() }
}
