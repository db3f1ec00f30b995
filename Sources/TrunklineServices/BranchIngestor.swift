public import ArgumentParser
public import TrunklineRuntime

/// Stores what the head sends in this branch's database. One process, one service; any number of copies.
public struct BranchIngestor: ServiceCommand {
    public static let service = OfficeService.branchIngestor

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Stores what the head sends in this branch's database.",
        discussion: """
            Only tables that this branch lists with "direction: down", or may make, are written to. Rows, watermark and \
            ack are one transaction; the broker is told only after its commit.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              branch-ingestor --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml branch-ingestor

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
