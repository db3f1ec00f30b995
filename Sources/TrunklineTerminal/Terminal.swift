#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What stands behind a standard stream.
public enum Terminal {
    /// Whether a person watches stderr, where progress is shown.
    public static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether a person watches stdout.
    public static var isScreen: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Puts a text in the place of all that the screen shows.
    public static func redraw(_ text: String) {
        // Home; each line to its end and below the last to the end of the screen is cleared: without a flicker.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\u{1b}[K\n")
        print("\u{1b}[H\(lines)\u{1b}[J", terminator: "")
        fflush(nil)
    }

    /// Columns of the terminal behind stderr; 80 when it does not say.
    public static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
