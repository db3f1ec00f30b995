import ArgumentParser
import TrunklineRuntime
import TrunklineServices

/// The executable `trunkline`. Under the name of a service, as by a link to it, it is that service: the container
/// image holds all of them in the size of one.
@main
enum Program {
    static func main() async {
        guard let service = OfficeService(rawValue: ErrorLines.program) else { return await Trunkline.main() }
        await command(of: service).main()
    }

    private static func command(of service: OfficeService) -> any ServiceCommand.Type {
        switch service {
        case .branchPublisher: BranchPublisher.self
        case .branchAckListener: BranchAckListener.self
        case .branchIngestor: BranchIngestor.self
        case .branchAcker: BranchAcker.self
        case .headIngestor: HeadIngestor.self
        case .headAcker: HeadAcker.self
        case .headPublisher: HeadPublisher.self
        case .headAckListener: HeadAckListener.self
        case .staleReaper: StaleReaper.self
        }
    }
}
