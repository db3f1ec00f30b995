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
            try begin(stream, .resend, newKeys: false)
            return .resending
        }
        let acked = try books.acknowledge(stream, through: ack.watermark, held: ack.held.map(ShortReason.text))
        try takeList(ack, outbound)
        if let result = ack.verification, result.stream == stream { try take(result) }
        try books.askAgain(stream, answeredThrough: ack.watermark)
        return .recorded(acked: acked)
    }

    private func takeList(_ ack: Ack, _ outbound: OutboundStream) throws(StoreError) {
        guard let list = ack.setAside, ack.setAsideVersion > outbound.setAsideVersion else { return }
        var version = ack.setAsideVersion
        if let from = ack.setAsideFrom {
            if from <= outbound.setAsideVersion {
                try books.changeNotices(list, gone: ack.gone ?? [], of: ack.stream)
            } else {
                // An ack went by: the next batch asks for the whole list.
                version = -1
            }
        } else {
            try books.replaceNotices(list, of: ack.stream)
        }
        guard version != outbound.setAsideVersion || ack.setAsideTotal != outbound.setAsideTotal else { return }
        try books.noteSetAsideList(ack.stream, version: version, total: ack.setAsideTotal)
    }
}
