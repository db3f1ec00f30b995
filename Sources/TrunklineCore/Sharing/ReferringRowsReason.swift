/// Why a delete waits that a foreign key of this office would make more of.
public enum ReferringRowsReason {
    public static func text(_ child: String) -> String {
        "rows of \"\(child)\" refer to it, and this database would delete or change them with it; it is deleted when they are gone, or refer to another"
    }
}
