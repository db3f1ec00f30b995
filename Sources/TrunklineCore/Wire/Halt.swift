public import FoundationEssentials

/// The sender's word to the receiver that it stopped a stream, because its own database does not fit what the
/// receiver acknowledged: it was restored from an older backup, or it is a copy. A message of type `halt`, as JSON.
public struct Halt: Hashable, Sendable, Codable {
    public var stream: StreamID
    /// The epoch that the receiver follows, as far as the sender knows.
    public var epoch: UUID
    public var reason: String

    public init(stream: StreamID, epoch: UUID, reason: String) {
        self.stream = stream
        self.epoch = epoch
        self.reason = reason
    }

    public func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }

    /// - Throws: ``WireError``.
    public init(message: [UInt8]) throws(WireError) {
        guard message.count <= 16_384 else { throw WireError(.tooLarge, "a halt of \(message.count) bytes") }
        do {
            self = try JSONDecoder().decode(Halt.self, from: Data(message))
        } catch {
            throw WireError(.malformed, "a halt that cannot be read")
        }
        reason = String(reason.prefix(1_000))
    }
}
