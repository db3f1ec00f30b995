import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline retry`
struct RetryCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Try to store the set-aside rows again, at the office that set them aside.",
        discussion: """
            At the head those that came from branches, at a branch those that came from the head. The services do it by \
            themselves every retry.interval; this does it now.

            --kept: rows of this office that a recovery kept, and that take no change of the other one since, give way. Each \
            that is replaced or deleted is kept whole in superseded_row.

            Examples:
              trunkline retry
              trunkline retry product_sales --branch east      (at the head)
              trunkline retry price --kept                     (after recover --keep-branch at the head)

            Exit codes: 0 none is left, 3 some are left, 69 database unavailable, 78 configuration.
            """)

    @Argument(help: "Only rows of this table.", transform: NameArgument.table)
    var table: TableName?

    @Option(
        help: ArgumentHelp("At the head: only this branch's rows.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID?

    @Flag(help: "Rows that a recovery kept here give way too.")
    var kept = false

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("retry --branch", role: branch == nil ? nil : .head))
        let store = try OfficeAssembly(settings).store()
        try await KnownBranch.check(branch, in: store)
        _ = try await store.hasten(branch.map { StreamID(from: $0, to: .head) })
        let total = try await retry(store)
        let left = try await setAside(store, tried: total.tried)
        await store.close()
        if json {
            print(
                try JSONOutput.text([
                    "tried": total.tried, "stored": total.stored, "left": left, "released": total.released,
                ]))
        } else {
            let tried = HumanNumber.counted(total.tried, "row")
            print("\(tried) tried, \(HumanNumber.grouped(total.stored)) stored, \(HumanNumber.grouped(left)) left")
            if kept { print("\(HumanNumber.counted(total.released, "row")) kept no longer") }
        }
        if left > 0 { throw ExitStatus.setAside.code }
    }

    /// One round after another until every row had its turn: a later row may be what an earlier one waits for.
    private func retry(_ store: any OfficeStore) async throws -> RetryOutcome {
        let clock = ContinuousClock()
        let start = clock.now - .seconds(1)
        var total = RetryOutcome(tried: 0, stored: 0)
        while true {
            let selection = SetAsideSelection(
                stream: branch.map { StreamID(from: $0, to: .head) }, table: table,
                notTriedFor: total.tried == 0 ? .zero : clock.now - start, releasesKept: kept)
            let outcome: RetryOutcome
            do throws(StoreError) {
                outcome = try await store.retrySetAside(selection, limit: 500)
            } catch {
                // A stream whose recovery goes on; the others had their turn.
                guard error.code == .configuration, total.tried > 0 else { throw error }
                return total
            }
            total.released += outcome.released
            guard outcome.tried > 0 else { return total }
            total.tried += outcome.tried
            total.stored += outcome.stored
        }
    }

    private func setAside(_ store: any OfficeStore, tried: Int) async throws -> Int {
        if let table {
            let filter = RowFilter(states: [.setAside], branch: branch, limit: Ack.maximalNotices)
            do throws(StoreError) {
                return try await store.rows(of: table, matching: filter).rows.count
            } catch {
                // Of a table that is synced no more nothing is left when the last was tried.
                guard error.code == .table, tried > 0 else { throw error }
                return 0
            }
        }
        return try await store.status()
            .filter { $0.direction == .receiving && (branch == nil || $0.stream.source == branch) }
            .reduce(0) { $0 + $1.setAside }
    }
}
