public import ArgumentParser
public import TrunklineRuntime

/// Sends the head's changes to its branches, in batches. One process, one service; any number of copies.
public struct HeadPublisher: ServiceCommand {
    public static let service = OfficeService.headPublisher

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Sends the head's changes to its branches, in batches.",
        discussion: """
            Reads the change log of the head's database, forms batches for each branch, publishes them over one \
            connection and has each confirmed by the broker.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              head-publisher --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml head-publisher

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
