import ArgumentParser
import TrunklineServices

/// The executable `stale-reaper`.
@main
enum Program {
    static func main() async { await StaleReaper.main() }
}
