/// The text of a rule's `where:`, which stands within statements as it was written.
public enum FilterText {
    /// The text as the condition of a CASE that nothing encloses.
    ///
    /// Where it may be used it stands in parentheses, and `true) OR (true` would close them and open others. A text that a
    /// database takes in both places does neither: what would end a parenthesis is an error here, and what would end the
    /// CASE is one there. A comment at its end ends with its line, and one that is never closed swallows the rest of both.
    public static func alone(_ filter: String) -> String { "CASE WHEN \(filter)\n THEN 1 END" }
}
