/// The course of sending, the same for every database, as far as it is not the database's own: what an ack does, in which
/// order, in one transaction. It asks ``AckDecision`` what to do and ``SenderBooks`` to remember it.
public struct SenderEngine {
    let books: any SenderBooks

    public init(_ books: any SenderBooks) { self.books = books }

    /// Takes an ack; any may come twice, late, or out of order.
    public func record(_ ack: Ack) throws(StoreError) -> AckOutcome {
        let stream = ack.stream
        guard let outbound = try books.lockOutbound(stream) else {
            return .ignored(reason: "this office does not send stream \(stream)")
        }
        let ownID = try books.ownBatchID(ack.watermark, of: stream)
        switch AckDecision.decide(ack, at: outbound.position, ownID: ownID) {
        case .record: break
        case .ignore(let reason): return .ignored(reason: reason)
        case .refused(let reason):
            try books.stopOutbound(stream, reason: reason, receiverEpoch: ack.epoch, isOwn: false)
            return .stopped(reason: reason)
        case .halt(let reason):
            try books.stopOutbound(stream, reason: reason, receiverEpoch: ack.epoch, isOwn: true)
            return .stopped(reason: reason)
        case .resend:
            // What waits for a person, or lets the receiver's rows stand, does so still.
            let going = try books.outboundRecovery(stream).state.flatMap { $0.mode.sendsChanges ? nil : $0 }
            try begin(stream, going?.mode ?? .resend, newKeys: going?.newKeys ?? false)
            try books.noteResent(stream)
            return .resending
        }
        let acked = try books.acknowledge(stream, through: ack.watermark, held: ack.held.map(ShortReason.text))
        try takeList(ack, outbound)
        // An ack that comes late says what was so then.
        let keepsShapes = ack.keepsShapes ?? false
        if ack.watermark >= outbound.position.acked {
            if keepsShapes != outbound.receiverKeepsShapes { try books.noteShapes(kept: keepsShapes, of: stream) }
            let differences = ack.differences ?? []
            let headerVersion = ack.headerVersion ?? 1
            if differences != outbound.differences || headerVersion != outbound.headerVersion {
                try books.note(differences, headerVersion: headerVersion, of: stream)
            }
        }
        if let result = ack.verification, result.stream == stream { try take(result) }
        try books.askAgain(stream, answeredThrough: ack.watermark)
        return .recorded(acked: acked)
    }

    private func takeList(_ ack: Ack, _ outbound: OutboundStream) throws(StoreError) {
        let state = SetAsideListState(stored: outbound.setAsideVersion)
        guard let list = try noticed(ack) else {
            // The receiver takes it that all is known here. If that is not so, an ack went by, or one came late of a life of
            // the receiver's that a restore ended.
            let isKnown = ack.setAsideVersion == state.applied && ack.setAsideTotal == outbound.setAsideTotal
            guard !isKnown, !state.needsWhole else { return }
            return try note(SetAsideListState(applied: state.applied, needsWhole: true), ack)
        }
        guard ack.setAsideVersion > state.applied else { return }
        // No receiver has more, but for what one ack adds: whoever goes on and on fills no books.
        let size = try ack.setAsideFrom == nil ? (0, 0) : books.noticeSize(ack.stream)
        if size.0 > ReceiverEngine.Limit.setAsideRows || size.1 > ReceiverEngine.Limit.setAsideBytes {
            return try note(SetAsideListState(applied: state.applied, needsWhole: true), ack)
        }
        let untaken = try books.tables(noticedBy: .wholeTable, ack.stream)
        let inPart = try books.tables(noticedBy: .wholeTableInPart, ack.stream)
        if let from = ack.setAsideFrom {
            try books.changeNotices(list, gone: ack.gone ?? [], of: ack.stream)
            let hasGap = state.needsWhole || from > state.applied
            try note(SetAsideListState(applied: ack.setAsideVersion, needsWhole: hasGap), ack)
        } else {
            try books.replaceNotices(list, of: ack.stream)
            try note(SetAsideListState(applied: ack.setAsideVersion, needsWhole: false), ack)
        }
        // One may have come and gone since the last ack.
        func gone(_ entry: RowKey) -> [TableName] { (ack.gone ?? []).filter { $0.key == entry }.map(\.table) }
        let taken = try untaken.union(gone(.wholeTable)).subtracting(books.tables(noticedBy: .wholeTable, ack.stream))
        let whole = try inPart.union(gone(.wholeTableInPart))
            .subtracting(books.tables(noticedBy: .wholeTableInPart, ack.stream))
        guard !taken.isEmpty || !whole.isEmpty else { return }
        let takenAgain = try taken.union(whole.subtracting(untaken)).intersection(books.sentTables())
        for table in takenAgain.sorted() { try books.reload(table, of: ack.stream) }
    }

    /// What the ack lists, without whole tables that this office does not send: names can be made up without end.
    private func noticed(_ ack: Ack) throws(StoreError) -> [SetAsideNotice]? {
        guard let list = ack.setAside, list.contains(where: \.key.isOfWholeTable) else { return ack.setAside }
        let sent = try books.sentTables()
        return list.filter { !$0.key.isOfWholeTable || sent.contains($0.table) }
    }

    private func note(_ state: SetAsideListState, _ ack: Ack) throws(StoreError) {
        try books.noteSetAsideList(ack.stream, version: state.stored, total: ack.setAsideTotal)
    }
}
