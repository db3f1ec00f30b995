/// The name of an office: `head`, or a branch such as `east` or `bo-17`.
///
/// `[a-z0-9][a-z0-9-]{0,62}`, so that it can stand in a queue name, a routing key and a DNS label.
public struct OfficeID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let description: String

    /// The one head office.
    public static let head = OfficeID(trusted: "head")
    /// Every branch, as the destination of a downstream broadcast. Never the name of an office.
    public static let all = OfficeID(trusted: "all")

    private init(trusted: String) { description = trusted }

    /// - Returns: nil when the text is not a valid office name.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...63).contains(bytes.count), bytes[0] != UInt8(ascii: "-"),
            bytes.allSatisfy({ OfficeID.allowed($0) })
        else { return nil }
        description = text
    }

    /// Whether a branch may carry this name; `head` and `all` are taken.
    public var isBranchName: Bool { self != .head && self != .all }

    private static func allowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }

    public static func < (a: OfficeID, b: OfficeID) -> Bool { a.description < b.description }
}

extension OfficeID: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = OfficeID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not an office name"))
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
