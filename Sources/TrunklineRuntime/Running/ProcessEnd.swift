internal import Foundation

/// The end of a process of ours.
enum ProcessEnd {
    /// Ends it with what was printed, and without the exit handlers of its libraries: OpenSSL's, and GnuTLS's, free what
    /// a thread that is just closing its connection still uses, which ended services by SIGABRT or SIGSEGV that had
    /// stopped in good order.
    static func leave(with status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }
}
