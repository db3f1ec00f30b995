import TrunklineCore

/// A stream with the offices at its ends.
struct Flow: Sendable {
    var stream: StreamID
    var sender: SimulatedOffice
    var receiver: SimulatedOffice

    /// From a branch to the head.
    init(from branch: SimulatedOffice, to head: SimulatedOffice) {
        stream = branch.stream
        sender = branch
        receiver = head
    }

    /// From the head to a branch.
    init(downTo branch: SimulatedOffice, from head: SimulatedOffice) {
        stream = branch.downStream
        sender = head
        receiver = branch
    }

    var isDown: Bool { stream.source == .head }
    var branch: SimulatedOffice { isDown ? receiver : sender }

    /// For a query of a table of bookkeeping.
    var isOfIt: String { "stream = '\(stream)'" }
    /// Of the tables that travel in it, as the sender has them.
    var columns: KeyValuePairs<String, [String]> { isDown ? DownTables.columns : OfficeTemplate.columns }

    func isStoppedBySender() throws -> Bool {
        try sender.application.numbers("SELECT stopped IS NOT NULL FROM trunkline_outbound WHERE \(isOfIt)") == [1]
    }

    func isStoppedByReceiver() throws -> Bool {
        try receiver.application.numbers("SELECT stopped IS NOT NULL FROM trunkline_inbound WHERE \(isOfIt)") == [1]
    }

    /// It was compared, or will be, and somebody has to decide.
    func isCompared() throws -> Bool {
        try sender.application.numbers("SELECT recovery IS 'compare' FROM trunkline_outbound WHERE \(isOfIt)") == [1]
    }

    func needsDecision() throws -> Bool { try isStoppedBySender() || isCompared() }

    func epoch() throws -> String {
        try sender.application.rows("SELECT epoch FROM trunkline_outbound WHERE \(isOfIt)")[0][0]!
    }

    /// With those before it.
    func epochs() throws -> Set<String> {
        let past = try sender.application.rows(
            "SELECT j.value FROM trunkline_outbound, json_each(past_epochs) AS j WHERE \(isOfIt)")
        return Set(past.compactMap { $0[0] }).union([try epoch()])
    }

    /// The receiver follows an epoch of which the sender, having been restored, knows nothing: a batch of it came after
    /// somebody had decided about the restore, and there is another decision to make.
    func isOfLostEpoch(_ lost: [StreamID: Set<String>]) throws -> Bool {
        let followed = try receiver.application.rows("SELECT epoch FROM trunkline_inbound WHERE \(isOfIt)").first?[0]
        let known = try sender.application.rows(
            "SELECT epoch || past_epochs FROM trunkline_outbound WHERE \(isOfIt)")[0][0]!
        guard let followed, lost[stream]?.contains(followed) == true else { return false }
        return !known.contains(followed)
    }

    func setAsideRows() throws -> Int {
        Int(try receiver.application.numbers("SELECT count(*) FROM trunkline_set_aside WHERE \(isOfIt)")![0])
    }

    func watermark() throws -> Int64 {
        try receiver.application.numbers("SELECT watermark FROM trunkline_inbound WHERE \(isOfIt)")?[0] ?? 0
    }

    /// Every row that travels in it, each as one text, as the sender has it, but as the receiver keeps it.
    func rowsAtSender() throws -> Set<String> {
        guard isDown else { return try branch.contents(OfficeTemplate.columns) }
        var rows: Set<String> = []
        for (table, columns) in DownTables.columns {
            for row in try DownTables.rows(of: table, for: branch.id, at: sender) {
                // Integers are written as such.
                let fields = zip(columns, row).map { name, value in
                    let isText = ["name", "place", "what", "text"].contains(name)
                    return "\"\(name)\":\(value.map { isText ? "\"\($0)\"" : $0 } ?? "null")"
                }
                rows.insert("\(table) {\(fields.joined(separator: ","))}")
            }
        }
        return rows
    }

    func rowsAtReceiver() throws -> Set<String> {
        isDown
            ? try branch.contents(DownTables.columns)
            : try receiver.contents(OfficeTemplate.columns, of: branch.id)
    }
}
