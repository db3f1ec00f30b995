public import ArgumentParser
public import TrunklineRuntime

/// Takes the head's acks into this branch's database. One process, one service; any number of copies.
public struct BranchAckListener: ServiceCommand {
    public static let service = OfficeService.branchAckListener

    public static let configuration = CommandConfiguration(
        commandName: service.name,
        abstract: "Takes the head's acks into this branch's database.",
        discussion: """
            An ack makes batches acked, names the rows that the head set aside, and carries the results of a \
            verification.

            Runs until SIGTERM or SIGINT, through any loss of database or broker. Several copies may run.
            The keys of the configuration: trunkline config

            Examples:
              branch-ack-listener --config /etc/trunkline/office.yaml
              TRUNKLINE_CONFIG=/etc/trunkline/office.yaml branch-ack-listener

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """,
        version: ProductVersion.current)

    @OptionGroup public var options: OfficeOptions

    public init() {}
}
