public import ArgumentParser
public import TrunklineRuntime

/// Publishes the head's acks to the branches. One process, one service; any number of copies.
public struct HeadAcker: ServiceCommand {
    public static let service = OfficeService.headAcker

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Publishes the head's acks to the branches.",
        discussion: """
            Each ack waits in the head's database until the broker has confirmed it.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              head-acker --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml head-acker

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
