/// Text that came from data or from another office, made fit for a terminal.
public enum SafeText {
    /// Control characters (line feeds, escapes, bidirectional overrides) become `·`.
    public static func oneLine(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: result.append("·")
            case .format where isBidirectional(scalar): result.append("·")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private static func isBidirectional(_ scalar: Unicode.Scalar) -> Bool {
        (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }
}
