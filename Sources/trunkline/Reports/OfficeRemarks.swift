import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What deserves a look at an office, whatever its streams do.
struct OfficeRemarks {
    var office: OfficeSettings
    /// What the services say of themselves; nil: nobody asked.
    var notes: [ServiceNote]?
    /// Tables of the configuration whose changes nobody captures.
    var uncaptured: [TableName] = []
    /// Why `init` would refuse the configuration's tables.
    var refusals: [String] = []
    /// At the head: tables of which nothing travels to anybody.
    var standing: [StandingTable] = []
    /// Whether anything goes from the head to its branches.
    var isTwoWay = false
    /// At the head: conflicts over shared tables.
    var waitingConflicts = 0

    /// Whether the configuration, or what is there, has anything go from the head to its branches.
    static func isTwoWay(_ streams: [StreamStatus], _ tables: TableSelection, at role: OfficeRole) -> Bool {
        tables.hasDown(at: role) || streams.contains { $0.stream.source == .head }
    }

    /// A table of the head stands still in each of its streams alike.
    static func standing(in streams: [StreamStatus], at role: OfficeRole) -> [StandingTable] {
        guard role == .head else { return [] }
        return streams.first { $0.direction == .sending && !$0.standing.isEmpty }?.standing ?? []
    }

    private var conflicts: [String] {
        guard waitingConflicts > 0 else { return [] }
        let count = HumanNumber.counted(waitingConflicts, "conflict")
        return ["\(office.id): \(count) over shared tables for somebody to decide: trunkline conflicts --waiting"]
    }

    var lines: [String] {
        standing.map { "\(office.id): table \"\($0.table)\" STANDS STILL: \($0.reason)" }
            + uncaptured.map {
                "table \"\($0)\" is one of tables, and its changes are NOT CAPTURED; run: trunkline init"
            }
            + conflicts + refusals.map { "trunkline init would refuse: \($0)" }
            + (notes.map { ServiceRemarks(office: office, notes: $0, isTwoWay: isTwoWay).lines } ?? [])
    }
}
