extension Ack {
    /// Checks what an ack says before anything is done with it: whoever may send one may lie, and must not fill the
    /// sender's books, or make it fail where the acks of others wait behind it.
    /// - Throws: ``WireError``.
    mutating func check(_ limits: WireLimits) throws(WireError) {
        guard watermark >= 0, setAsideVersion >= 0, setAsideFrom ?? 0 >= 0, setAsideTotal >= 0,
            behind?.number ?? 0 >= 0,
            stopped?.number ?? 0 >= 0, verification?.watermark ?? 0 >= 0
        else { throw WireError(.malformed, "a negative count") }
        let listed = (setAside?.count ?? 0) + (gone?.count ?? 0)
        guard listed <= Ack.maximalNotices else {
            throw WireError(.tooLarge, "\(listed) rows are listed; the limit is \(Ack.maximalNotices)")
        }
        var bytes = 0
        for notice in setAside ?? [] { try Ack.check(notice.table, notice.key, &bytes, limits) }
        for key in gone ?? [] { try Ack.check(key.table, key.key, &bytes, limits) }
        for index in setAside?.indices ?? 0..<0 { setAside![index].reason = ShortReason.text(setAside![index].reason) }
        if let reason = stopped?.reason { stopped!.reason = ShortReason.text(reason) }
        held = held.map(ShortReason.text)
        guard let verification else { return }
        guard (1...2).contains(verification.round), verification.stream == stream else {
            throw WireError(.malformed, "a result of a verification that nobody can have asked for")
        }
        for table in verification.tables {
            try Ack.check(table.name, limits)
            for difference in table.differingKeys { try Ack.check(table.name, difference.key, &bytes, limits) }
        }
    }

    /// - Parameter bytes: of the keys so far.
    private static func check(
        _ table: TableName, _ key: RowKey, _ bytes: inout Int, _ limits: WireLimits
    ) throws(WireError) {
        try check(table, limits)
        let length = key.values.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        guard length <= limits.keyBytes else {
            throw WireError(.tooLarge, "a key of \(length) bytes; the limit is \(limits.keyBytes)")
        }
        bytes += length
        guard bytes <= limits.ackKeyBytes else {
            throw WireError(.tooLarge, "its keys are over \(limits.ackKeyBytes) bytes")
        }
    }

    private static func check(_ table: TableName, _ limits: WireLimits) throws(WireError) {
        let name = table.description
        guard name.utf8.count <= 2 * limits.nameBytes, !name.utf8.contains(0) else {
            throw WireError(.malformed, "a table's name that no database has")
        }
    }
}
