internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// Makes the stamps of the lines of a shared table.
struct RowStamps {
    let table: SyncedTable
    let shape: TableShape
    let stream: StreamID
    /// Whether all rows of a piece of the table are said, whatever is known of them.
    let isLoad: Bool
    let db: Database

    /// - Parameters:
    ///   - key: of a row, as it is stored.
    ///   - isRow: whether the stream has it.
    /// - Returns: nil where nothing is to be said.
    func stamp(_ key: [SQLiteValue], isRow: Bool) throws -> RowStamp? {
        let text = KeyText.text(of: key)
        let row = try SharedRow.find(table.id, text, db)
        guard stream.destination == .head else { return try downwards(row, text, isRow: isRow) }
        // Of those that the head has had, none that nobody has changed since.
        guard let row else { return isLoad && !table.hasJoined ? RowStamp(version: nil) : nil }
        // A delete that the head has answered is in the log where it may have lost it.
        guard row.isDirty else { return isLoad || row.isDeleted ? RowStamp(version: row.version) : nil }
        return RowStamp(
            version: row.version, base: row.base, baseImage: row.baseImage.flatMap(image),
            isJoining: row.wasJoining)
    }

    private func downwards(_ row: SharedRow?, _ key: String, isRow: Bool) throws -> RowStamp {
        let told = try AppliedChanges.told(table.id, key, stream.destination, db)
        var stamp = RowStamp(version: row?.version, applied: told?.clock, since: told?.since)
        stamp.isAnswer = !isLoad && isRow && row != nil && told?.standing == row?.version
        stamp.isLeave = !isRow && row?.isDeleted != true
        return stamp
    }

    private func image(_ text: String) -> [String: String?]? {
        guard let end = text.utf8.firstIndex(of: UInt8(ascii: "\n")),
            let names = try? JSONText.decode([String].self, String(text[..<end])),
            let values = KeyText.values(String(text[text.utf8.index(after: end)...]), count: names.count)
        else { return nil }
        var image: [String: String?] = [:]
        for (name, value) in zip(names, values) {
            guard let type = shape.wireColumns.first(where: { $0.name == name })?.type else { continue }
            var field: [UInt8] = []
            _ = value.withRaw { FieldWriter.append($0, as: WireKind(wireType: type), to: &field) }
            image[name] = .some(CopyText.value(field[...]))
        }
        return image
    }
}
