import TrunklineCore
import TrunklineTerminal

/// `trunkline status --services` for people.
struct ServicesReport {
    var notes: [ServiceNote]

    var text: String {
        guard !notes.isEmpty else { return "no service has run here yet\n" }
        var table = TextTable([
            .init("SERVICE"), .init("ON", maximalWidth: 40), .init("HEARD"), .init("LAST SUCCESS"),
            .init("FAILURES", .right), .init("LAST FAILURE", maximalWidth: 300),
        ])
        for note in notes {
            table.add([
                note.service, note.host,
                note.isStopped
                    ? "stopped \(HumanDuration.text(seconds: note.seenSeconds)) ago"
                    : "\(HumanDuration.text(seconds: note.seenSeconds)) ago",
                note.successSeconds.map { "\(HumanDuration.text(seconds: $0)) ago" } ?? "never",
                HumanNumber.grouped(note.failures), note.failure ?? "",
            ])
        }
        return table.rendered()
    }
}
