public import ArgumentParser
public import TrunklineRuntime

/// Makes batches pending again that were not acked in time, and prunes acked ones. One process, one service; any number of copies.
public struct StaleReaper: ServiceCommand {
    public static let service = OfficeService.staleReaper

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Makes batches pending again that were not acked in time, and prunes acked ones.",
        discussion: """
            Time counts only while the broker is reached and a stream's queue is drained: an office without \
            internet sends nothing twice, and is sent nothing twice.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              stale-reaper --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml stale-reaper

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
