import FoundationEssentials
import TrunklineCore
import TrunklineTerminal

/// A list of conflicts for people.
struct ConflictsReport {
    var records: [ConflictRecord]
    var limit: Int

    var text: String {
        guard !records.isEmpty else { return "no conflicts" }
        var table = TextTable([
            .init("ID", .right), .init("FOUND"), .init("TABLE"), .init("KEY", maximalWidth: 44), .init("BRANCH"),
            .init("KIND"), .init("STANDS"), .init("COLUMNS", maximalWidth: 48),
        ])
        for record in records {
            let conflict = record.conflict
            table.add([
                "\(record.id)", record.at, conflict.table.description, SafeText.oneLine(conflict.key.description),
                conflict.branch.description, conflict.kind.rawValue, Self.stands(record),
                SafeText.oneLine(conflict.columns.joined(separator: ", ")),
            ])
        }
        let more = records.count >= limit ? "; there may be more, see --limit" : ""
        return table.rendered() + HumanNumber.counted(records.count, "conflict") + more
    }

    static func stands(_ record: ConflictRecord) -> String {
        record.resolution.map { "resolved: \(SafeText.oneLine($0))" }
            ?? (record.isWaiting ? "WAITS" : record.conflict.outcome.rawValue)
    }
}

/// One conflict for people.
struct ConflictReport {
    var record: ConflictRecord
    /// What became of the row since, where it is neither side's.
    var since: ChangeSinceConflict?

    var text: String {
        let conflict = record.conflict
        var lines = [
            "conflict \(record.id): \(conflict.kind.rawValue) of \(conflict.table) \(conflict.key), found \(record.at)",
            "policy: \(conflict.policy); stands: \(ConflictsReport.stands(record))",
            "head: \(Self.when(conflict.headVersion))",
            "\(conflict.branch): \(Self.when(conflict.branchVersion))\(distance(conflict))",
        ]
        if conflict.clockWasOff {
            lines.append("the clock of \(conflict.branch) was too far ahead for its version to win")
        }
        if since != nil { lines.append("the row was changed since, to what stands under NOW") }
        if record.isWaiting {
            lines.append("decide: trunkline conflicts resolve \(record.id) --pick head|branch, or --set column=value")
        }
        return lines.map { SafeText.oneLine($0) + "\n" }.joined() + "\n" + images(conflict)
    }

    private func images(_ conflict: Conflict) -> String {
        let images = [conflict.baseImage, conflict.headImage, conflict.branchImage] + (since.map { [$0.image] } ?? [])
        let names = Set(images.flatMap { ($0 ?? [:]).keys }).sorted()
        var table = TextTable(
            [
                .init(""), .init("COLUMN"), .init("BEFORE", maximalWidth: 40), .init("HEAD", maximalWidth: 40),
                .init(conflict.branch.description.uppercased(), maximalWidth: 40),
            ] + (since == nil ? [] : [.init("NOW", maximalWidth: 40)]))
        for name in names {
            let isDifferent = conflict.columns.contains(name)
            table.add(
                [isDifferent ? "*" : "", SafeText.oneLine(name)]
                    + images.enumerated().map { index, image in Self.value(name, image, isBase: index == 0) })
        }
        return table.rendered()
    }

    private static func value(_ name: String, _ image: Conflict.Image?, isBase: Bool) -> String {
        guard let image else { return isBase ? "?" : "deleted" }
        guard let value = image[name] else { return "?" }
        return value.map { SafeText.oneLine($0) } ?? "∅"
    }

    private static func when(_ version: RowVersion?) -> String {
        guard let version else { return "not known when" }
        return "\(time(version.clock)) by the clock of \(version.office)"
    }

    private func distance(_ conflict: Conflict) -> String {
        guard let head = conflict.headVersion, let branch = conflict.branchVersion else { return "" }
        let seconds = Double(abs(head.clock - branch.clock)) / 1_000
        return ", \(HumanDuration.text(seconds: seconds)) \(branch.clock < head.clock ? "before" : "after") the head's"
    }

    private static func time(_ clock: Int64) -> String {
        Date(timeIntervalSince1970: Double(clock) / 1_000).formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
