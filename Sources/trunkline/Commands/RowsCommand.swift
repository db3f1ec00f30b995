import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline rows`
struct RowsCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "rows",
        abstract: "Show rows of a synced table with their state: pending, sent, acked, set aside, no branch.",
        discussion: """
            Of a table that this office writes, how far its rows are on their way; of one that it takes from others, what is \
            stored and what is set aside here. A row that the head writes is acked when no branch lacks it, and stands under \
            "no branch" when its route, or where, sends it to none; with --branch there are only the rows for that one.

            Examples:
              trunkline rows product_sales
              trunkline rows product_sales --state set-aside --state pending --limit 20
              trunkline rows product_sales --branch east --json            (at the head)
              trunkline rows price --branch east --state set-aside       (at the head)

            Exit codes: 0 shown, 1 shown and the table stands still, 69 database unavailable, 78 configuration or an unknown table.
            """)

    @Argument(help: "The table: name or schema.name.", transform: NameArgument.table)
    var table: TableName

    @Option(help: "Only rows in this state; may be given several times.")
    var state: [StateArgument] = []

    @Option(
        help: ArgumentHelp("At the head: only the rows of or for this branch.", valueName: "id"),
        transform: NameArgument.office)
    var branch: OfficeID?

    @Option(help: "The most rows to show.")
    var limit = 100

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object with columns and rows.")
    var json = false

    /// Without the space that a shell would make one quote.
    enum StateArgument: String, ExpressibleByArgument, CaseIterable {
        case pending, sent, acked
        case setAside = "set-aside"
        case noBranch = "no-branch"

        var state: RowState {
            switch self {
            case .pending: .pending
            case .sent: .sent
            case .acked: .acked
            case .setAside: .setAside
            case .noBranch: .unrouted
            }
        }
    }

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    }

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("rows --branch", role: branch == nil ? nil : .head))
        let store = try OfficeAssembly(settings).store()
        try await KnownBranch.check(branch, in: store)
        let filter = RowFilter(states: Set(state.map(\.state)), branch: branch, limit: limit)
        let listing = try await listing(filter, settings, store)
        let untaken = try await untaken(filter, settings, store)
        await store.close()
        print(json ? try JSONOutput.text(listing) : RowsReport(listing: listing, limit: limit).text)
        for note in untaken { StandardError.write("rows: \(SafeText.oneLine(note))\n") }
        if let reason = listing.standing {
            throw CommandFailure(
                .incomplete, "table \"\(table)\" stands still, so the states are not certain: \(reason)")
        }
    }

    /// What is stored otherwise than it comes has two names: under the sender's there is what is set aside.
    private func listing(
        _ filter: RowFilter, _ settings: Settings, _ store: any OfficeStore
    ) async throws -> RowListing {
        let rule = settings.tables.rules?.first { $0.mapping?.into != nil && $0.name.isSpelled(like: table) }
        guard let rule else { return try await store.rows(of: table, matching: filter) }
        do throws(StoreError) {
            return try await store.rows(of: table, matching: filter)
        } catch {
            guard error.code == .table else { throw error }
            throw CommandFailure(
                .configuration,
                "nothing of table \"\(table)\" is set aside; its rows are stored in \"\(rule.target)\": trunkline rows \(rule.target)"
            )
        }
    }

    /// What is set aside of the tables that this one takes the rows of.
    private func untaken(
        _ filter: RowFilter, _ settings: Settings, _ store: any OfficeStore
    ) async throws -> [String] {
        guard filter.states.isEmpty || filter.states.contains(.setAside) else { return [] }
        let rule = settings.tables.rules?.first {
            $0.mapping?.into?.isSpelled(like: table) ?? false && !$0.name.isSpelled(like: table)
        }
        guard let rule else { return [] }
        let one = RowFilter(states: [.setAside], branch: filter.branch, limit: 1)
        let found = try? await store.rows(of: rule.name, matching: one)
        guard found?.rows.isEmpty == false else { return [] }
        return [
            "rows that came for it as table \"\(rule.name)\" are set aside: trunkline rows \(rule.name) --state set-aside"
        ]
    }
}
