#if canImport(Glibc)
    internal import Glibc
#endif

/// Messages and bodies of megabytes go back to the system once they are dealt with.
enum LargeBlocks {
    /// glibc raises its limit to the largest block that was freed, up to 32 MiB, and keeps what is below it
    /// (`M_MMAP_THRESHOLD` in mallopt(3)): a service that saw a few large messages stayed as large as all of them.
    static func giveBack() {
        #if canImport(Glibc)
            // Swift's module of glibc leaves <malloc.h> out.
            guard let symbol = dlsym(nil, "mallopt") else { return }
            let mallopt = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
            let mmapThreshold: Int32 = -3
            _ = mallopt(mmapThreshold, 1 << 20)
        #endif
    }
}
