public import ArgumentParser
public import TrunklineRuntime

/// Sends this branch's changes to the head, in batches. One process, one service; any number of copies.
public struct BranchPublisher: ServiceCommand {
    public static let service = OfficeService.branchPublisher

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Sends this branch's changes to the head, in batches.",
        discussion: """
            Reads the change log of the branch's database, forms batches, publishes them and has each confirmed \
            by the broker.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              branch-publisher --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml branch-publisher

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
