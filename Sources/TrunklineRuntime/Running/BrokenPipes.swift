#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A peer that closes its end is an error of that one call, not the end of the process.
enum BrokenPipes {
    static func ignore() { signal(SIGPIPE, SIG_IGN) }
}
