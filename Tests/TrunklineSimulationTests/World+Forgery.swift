import FoundationEssentials
import TrunklineCore

extension World {
    /// A branch says in the name of another one that it has all that the head sent to it.
    func forgeAck() throws {
        guard branches.count > 1 else { return }
        let victim = draw(branches)
        let forger = draw(branches.filter { $0 !== victim })
        let sender = try head.application.rows(
            "SELECT epoch, next_number - 1 FROM trunkline_outbound WHERE stream = '\(victim.downStream)'")[0]
        let ack = Ack(
            stream: victim.downStream, epoch: UUID(uuidString: sender[0]!)!, watermark: Int64(sender[1]!)!,
            setAsideVersion: 0, setAside: nil, setAsideTotal: 0)
        let envelope = Envelope(
            from: victim.id, to: .head, kind: .ack, id: "forged", contentType: ContentType.ack,
            contentEncoding: ContentType.zstd, body: try ack.encoded())
        broker.put(
            SimulatedBroker.Message(envelope: envelope, user: forger.id.description, from: decision),
            into: .acks(to: .head))
        log.note("\(forger.id) forges an ack of \(victim.downStream) through \(ack.watermark)")
    }
}
