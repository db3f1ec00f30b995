public import ArgumentParser
public import TrunklineRuntime

/// Stores the batches of the branches in the head's database. One process, one service; any number of copies.
public struct HeadIngestor: ServiceCommand {
    public static let service = OfficeService.headIngestor

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Stores the batches of the branches in the head's database.",
        discussion: """
            Rows, watermark and ack are one transaction; the broker is told only after its commit. What cannot \
            be understood goes to the queue trunkline.dead with the reason.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              head-ingestor --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml head-ingestor

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
