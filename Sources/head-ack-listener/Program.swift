import ArgumentParser
import TrunklineServices

/// The executable `head-ack-listener`.
@main
enum Program {
    static func main() async { await HeadAckListener.main() }
}
