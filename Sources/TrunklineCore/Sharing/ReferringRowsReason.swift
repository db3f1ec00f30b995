/// Why a delete from elsewhere waits that a foreign key of this office would make more of.
public enum ReferringRowsReason {
    /// - Parameter child: the table with the foreign key.
    public static func text(_ child: String, at office: OfficeID) -> String {
        "rows of \"\(child)\" at \(office) refer to it, whose database would delete or change them with it; it is deleted when they are gone, or refer to another"
    }
}
