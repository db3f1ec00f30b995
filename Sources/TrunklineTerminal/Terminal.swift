#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What stands behind a standard stream.
public enum Terminal {
    /// Whether a person watches stderr, where progress is shown.
    public static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }

    /// Columns of the terminal behind stderr; 80 when it does not say.
    public static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
