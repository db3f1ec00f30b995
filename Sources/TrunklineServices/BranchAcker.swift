public import ArgumentParser
public import TrunklineRuntime

/// Publishes this branch's acks to the head. One process, one service; any number of copies.
public struct BranchAcker: ServiceCommand {
    public static let service = OfficeService.branchAcker

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Publishes this branch's acks to the head.",
        discussion: """
            Each ack waits in the branch's database until the broker has confirmed it.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              branch-acker --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml branch-acker

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
