public import ArgumentParser
public import TrunklineRuntime

/// Takes the branches' acks into the head's database. One process, one service; any number of copies.
public struct HeadAckListener: ServiceCommand {
    public static let service = OfficeService.headAckListener

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Takes the branches' acks into the head's database.",
        discussion: """
            An ack makes batches acked and names the rows that a branch set aside. It is taken from that branch's own \
            user alone.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              head-ack-listener --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml head-ack-listener

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
