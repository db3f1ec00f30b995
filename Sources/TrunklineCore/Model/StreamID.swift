/// An ordered flow of batches from one office to another, written `east>head`.
public struct StreamID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let source: OfficeID
    /// An office, or ``OfficeID/all``.
    public let destination: OfficeID

    public init(from source: OfficeID, to destination: OfficeID) {
        self.source = source
        self.destination = destination
    }

    /// - Returns: nil when the text is not `SOURCE>DESTINATION` with two different office names.
    public init?(_ text: String) {
        let parts = text.split(separator: ">", omittingEmptySubsequences: false)
        guard parts.count == 2, let source = OfficeID(String(parts[0])),
            let destination = OfficeID(String(parts[1])), source != destination, source != .all
        else { return nil }
        self.init(from: source, to: destination)
    }

    public var description: String { "\(source)>\(destination)" }

    /// The branch at one of its ends.
    public var branch: OfficeID { source == .head ? destination : source }

    public static func < (a: StreamID, b: StreamID) -> Bool { (a.source, a.destination) < (b.source, b.destination) }
}

extension StreamID: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let stream = StreamID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a stream name"))
        }
        self = stream
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
