/// When and where a shared row got the image that it has: a hybrid logical clock, and an office.
///
/// The clock is the wall clock of that office, in milliseconds since 1970, but always after the version that the row had
/// before (Kulkarni et al., «Logical Physical Clocks», 2014), so that what was made in the knowledge of a version is newer
/// than it, whatever the clocks say. It is the row's own: nothing is written for it but the row's version.
public struct RowVersion: Hashable, Sendable, Comparable {
    public var clock: Int64
    public var office: OfficeID

    public init(clock: Int64, office: OfficeID) {
        self.clock = clock
        self.office = office
    }

    /// Two offices may have said the same at the same moment; then their names decide, everywhere alike.
    public static func < (a: RowVersion, b: RowVersion) -> Bool {
        a.clock != b.clock ? a.clock < b.clock : a.office < b.office
    }

    /// The version of an office that follows others.
    /// - Parameter now: its wall clock.
    public static func next(at office: OfficeID, now: Int64, after others: RowVersion?...) -> RowVersion {
        let last = others.compactMap { $0?.clock }.max() ?? 0
        return RowVersion(clock: max(now, last + 1), office: office)
    }
}

/// `[1764252000000,"east"]`
extension RowVersion: Codable {
    /// In the year 9999: further ones would leave no room to count on.
    static let maximalClock: Int64 = 253_402_300_799_999

    public init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        clock = try values.decode(Int64.self)
        office = try values.decode(OfficeID.self)
        guard (0...RowVersion.maximalClock).contains(clock), values.isAtEnd else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "a version is out of range"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        try values.encode(clock)
        try values.encode(office)
    }
}
