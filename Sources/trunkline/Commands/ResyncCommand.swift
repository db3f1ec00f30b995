import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline resync`
struct ResyncCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "resync",
        abstract: "Mark every row of a table, or of all synced tables, as pending.",
        discussion: """
            The rows travel again, however often. Rows that are only at the head stay there; to remove them as well: \
            trunkline verify --repair.

            Examples:
              trunkline resync product_sales && trunkline sync
              trunkline resync

            Exit codes: 0 done, 69 database unavailable, 78 configuration or an unknown table.
            """)

    @Argument(help: "The table; all synced tables without it.", transform: NameArgument.table)
    var table: TableName?

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("resync", role: .branch))
        let store = try OfficeAssembly(settings).store()
        let rows = try await store.resync(table)
        await store.close()
        print(json ? try JSONOutput.text(["pendingRows": rows]) : "\(HumanNumber.counted(rows, "row")) pending again")
    }
}
