import FoundationEssentials

extension Ack {
    /// The message's body: JSON, compressed.
    public func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Zstd.compress([UInt8](try encoder.encode(self)))
    }

    /// - Throws: ``WireError``.
    public init(message: [UInt8], limits: WireLimits = WireLimits()) throws(WireError) {
        guard message.count <= limits.messageBytes else {
            throw WireError(.tooLarge, "the message is \(message.count) bytes; the limit is \(limits.messageBytes)")
        }
        let body = try Zstd.decompress(message, limit: limits.bodyBytes)
        try JSONDepth.check(body[...], limit: limits.jsonDepth, values: limits.jsonValues)
        do {
            self = try JSONDecoder().decode(Ack.self, from: Data(body))
        } catch {
            throw WireError(.malformed, "the body is not the JSON that an ack is")
        }
        guard version == Ack.currentVersion else {
            throw WireError(.unsupported, "ack version \(version); this program speaks version \(Ack.currentVersion)")
        }
        try check(limits)
    }
}
