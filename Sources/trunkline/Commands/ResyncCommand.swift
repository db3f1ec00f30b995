import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline resync`
struct ResyncCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "resync",
        abstract: "Mark every row of a table, or of all tables that this office sends, as pending.",
        discussion: """
            The rows travel again, however often: from a branch to the head, from the head to all branches that they are \
            for, or to one. Rows that are only at the receiver stay there; to remove them as well: trunkline verify --repair.

            Examples:
              trunkline resync product_sales && trunkline sync
              trunkline resync
              trunkline resync price --branch east      (at the head)

            Exit codes: 0 done, 69 database unavailable, 78 configuration or an unknown table.
            """)

    @Argument(help: "The table; without it, all that this office sends.", transform: NameArgument.table)
    var table: TableName?

    @Option(help: ArgumentHelp("At the head: only for this branch.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID?

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("resync --branch", role: branch == nil ? nil : .head))
        let store = try OfficeAssembly(settings).store()
        if let branch {
            try await KnownBranch.check(branch, in: store)
            guard try await store.outboundStreams().contains(StreamID(from: .head, to: branch)) else {
                throw CommandFailure(.configuration, "this head sends nothing to \(branch)")
            }
        }
        let rows = try await store.resync(table, to: branch)
        await store.close()
        print(json ? try JSONOutput.text(["pendingRows": rows]) : "\(HumanNumber.counted(rows, "row")) pending again")
    }
}
