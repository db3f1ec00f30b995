import TrunklineCore
import TrunklineRuntime

/// What `trunkline plan TABLE` says of a table, or of one row of it, by the configuration as it is now.
struct TablePlanning {
    private let table: TableName
    private let branch: OfficeID?
    private let settings: Settings
    private let store: any OfficeStore
    /// The table's; nil: the configuration names none, or not this one.
    private let rule: TableRule?

    init(_ table: TableName, branch: OfficeID?, _ options: OfficeOptions) async throws {
        // As it travels.
        let table = table.schema == "public" ? TableName(table.name) : table
        self.table = table
        self.branch = branch
        settings = try await options.settings(
            for: SettingsRequirements("plan --branch", role: branch == nil ? nil : .head))
        store = try OfficeAssembly(settings).store()
        try await store.requireOwner(settings.office.id)
        rule = settings.tables.rules?.first { [table] in $0.name.isSpelled(like: table) }
    }

    private var office: OfficeSettings { settings.office }

    /// The table's rule where this office writes it; nil: it does not.
    private func written() async throws -> TableRule? {
        if let rule { return rule.direction.isWritten(by: office.role) ? rule : nil }
        // A branch that names none has all of its tables go up.
        guard office.role == .branch, settings.tables.rules == nil else { return nil }
        let plan = try await store.planInitialisation(settings.tables.written(by: .branch), countingRows: false)
        return plan.tables.contains { $0.name.isSpelled(like: table) } ? TableRule(table) : nil
    }

    private func isTaken(_ written: TableRule?) -> Bool { written == nil || written?.direction == .shared }

    func whole(_ json: Bool) async throws {
        var report = TableReport(table: table, office: office)
        let written = try await written()
        if let written {
            report.outgoing = try await store.outgoing(written)
            report.rule = written
            report.isCaptured = try await store.capturedTables().contains { $0.isSpelled(like: table) }
        }
        if isTaken(written) {
            let streams = try await streams()
            report.incoming = try await store.rehearse(table, in: streams, by: setup)
            let known = Set(report.incoming.flatMap(\.streams))
            report.unknown = streams.filter { !known.contains($0) }.map(\.source)
            if report.incoming.isEmpty, written == nil { throw unknown(streams) }
        }
        await store.close()
        print(json ? try JSONOutput.text(report.summary) : report.text)
        if report.incoming.contains(where: { $0.setAside != nil }) { throw ExitStatus.setAside.code }
    }

    func departure(of key: [String], _ json: Bool) async throws {
        guard let rule = try await written() else {
            throw CommandFailure(
                .configuration,
                "table \"\(table)\" is not sent from here; of a row that comes from elsewhere say its values with --set"
            )
        }
        let row = try await store.outgoing(key, by: rule)
        let branches = try await store.status().filter { $0.stream.source == office.id }.count
        await store.close()
        let report = DepartureReport(table: table, key: key, row: row, office: office, knowsBranches: branches > 0)
        print(json ? try JSONOutput.text(row) : report.text)
        if row == nil { throw ExitStatus.incomplete.code }
        if row?.problem != nil { throw ExitStatus.setAside.code }
    }

    func arrival(of values: [String: String?], _ json: Bool) async throws {
        guard try await isTaken(written()) else {
            throw CommandFailure(
                .configuration,
                "table \"\(table)\" is written here, so that no row of it comes; of a row of here say its key with --key"
            )
        }
        let streams = try await streams()
        guard streams.count == 1 else {
            throw streams.isEmpty
                ? unknown(streams) : CommandFailure(.usage, "say where the row comes from: --branch ID")
        }
        var rehearsals = [try await store.rehearse(SampleRow(values), of: table, in: streams[0], by: setup)]
        let policy = rule?.conflict
        if let policy, policy.columns == nil, office.role == .head, rehearsals[0].setAside == nil,
            rehearsals[0].before != nil
        {
            let opposed = SampleRow(values, isOpposed: true)
            rehearsals.append(try await store.rehearse(opposed, of: table, in: streams[0], by: setup))
        }
        await store.close()
        let report = ArrivalReport(rehearsals: rehearsals, office: office, policy: policy)
        print(json ? try JSONOutput.text(report.rehearsals) : report.text)
        if rehearsals[0].setAside != nil { throw ExitStatus.setAside.code }
    }

    private var setup: OfficeSetup {
        OfficeSetup(
            office: office.id, role: office.role, tables: settings.tables.rules ?? [],
            acceptsNew: settings.tables.acceptsNew, newColumns: settings.newColumns)
    }

    /// In which the table may come.
    private func streams() async throws -> [StreamID] {
        guard office.role == .head else { return [StreamID(from: .head, to: office.id)] }
        try await KnownBranch.check(branch, in: store)
        if let branch { return [StreamID(from: branch, to: .head)] }
        return try await store.branches().map { StreamID(from: $0.id, to: .head) }
    }

    private func unknown(_ streams: [StreamID]) -> CommandFailure {
        if let taken = settings.tables.rules?.first(where: { $0.mapping?.into?.isSpelled(like: table) ?? false }) {
            return CommandFailure(
                .configuration, "table \"\(table)\" takes the rows of \"\(taken.name)\": trunkline plan \(taken.name)")
        }
        guard !streams.isEmpty else {
            return CommandFailure(
                .configuration, "there is no branch yet from which rows could come: trunkline branch add")
        }
        let sources =
            streams.count == 1 && office.role == .head
            ? "\(streams[0].source)" : office.role == .head ? "any branch" : "the head"
        return CommandFailure(
            .configuration,
            "no rows of a table \"\(table)\" have come from \(sources), so that its columns are not known here; they are with its first batch, if it is sent there"
        )
    }
}
