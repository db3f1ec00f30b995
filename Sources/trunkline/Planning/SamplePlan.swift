import TrunklineCore
import TrunklineRuntime

/// What `trunkline plan` says of one row.
struct SamplePlan {
    var table: TableName
    /// Of a row that this office writes; empty: it is one that comes from elsewhere.
    var key: [String]
    var set: [String]
    var branch: OfficeID?

    func run(_ options: OfficeOptions, _ json: Bool) async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("plan --branch", role: branch == nil ? nil : .head))
        let store = try OfficeAssembly(settings).store()
        try await store.requireOwner(settings.office.id)
        if key.isEmpty {
            let report = try await arrival(settings, store)
            await store.close()
            print(json ? try JSONOutput.text(report.rehearsals) : report.text)
            if report.rehearsals[0].setAside != nil { throw ExitStatus.setAside.code }
        } else {
            let row = try await departure(settings, store)
            await store.close()
            let report = DepartureReport(table: table, key: key, row: row, office: settings.office)
            print(json ? try JSONOutput.text(row) : report.text)
            if row == nil { throw ExitStatus.incomplete.code }
        }
    }

    private func rule(_ settings: Settings) -> TableRule? {
        settings.tables.rules?.first { $0.name.isSpelled(like: table) }
    }

    private func departure(_ settings: Settings, _ store: any OfficeStore) async throws -> OutgoingRow? {
        let role = settings.office.role
        // Of a branch that names none, what it writes goes up.
        let isListed = settings.tables.rules != nil || role == .head
        guard let rule = rule(settings) ?? (isListed ? nil : TableRule(table)), rule.direction.isWritten(by: role)
        else {
            throw CommandFailure(
                .configuration,
                "table \"\(table)\" is not sent from here; of a row that comes from elsewhere say its values with --set"
            )
        }
        return try await store.outgoing(key, by: rule)
    }

    private func arrival(_ settings: Settings, _ store: any OfficeStore) async throws -> ArrivalReport {
        let office = settings.office
        let setup = OfficeSetup(
            office: office.id, role: office.role, tables: settings.tables.rules ?? [], newColumns: settings.newColumns)
        let rules = MappingRules(
            tables: Dictionary(setup.mapped.map { ($0.name, $0.mapping) }, uniquingKeysWith: { first, _ in first }),
            newColumns: settings.newColumns)
        let stream = try await stream(office, store)
        let values = Assignments.values(set)
        var rehearsals = [try await store.rehearse(SampleRow(values), of: table, in: stream, by: rules)]
        let policy = rule(settings)?.conflict
        if let policy, policy.columns == nil, office.role == .head, rehearsals[0].setAside == nil,
            rehearsals[0].before != nil
        {
            rehearsals.append(
                try await store.rehearse(SampleRow(values, isOpposed: true), of: table, in: stream, by: rules))
        }
        return ArrivalReport(rehearsals: rehearsals, office: office, policy: policy)
    }

    private func stream(_ office: OfficeSettings, _ store: any OfficeStore) async throws -> StreamID {
        guard office.role == .head else { return StreamID(from: .head, to: office.id) }
        try await KnownBranch.check(branch, in: store)
        if let branch { return StreamID(from: branch, to: .head) }
        let branches = try await store.branches().map(\.id)
        guard branches.count == 1 else {
            throw CommandFailure(.usage, "say where the row comes from: --branch ID")
        }
        return StreamID(from: branches[0], to: .head)
    }
}
