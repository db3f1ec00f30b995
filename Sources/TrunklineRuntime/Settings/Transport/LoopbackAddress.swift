#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Whether a host is this machine itself, so that nobody else is on the way to it.
enum LoopbackAddress {
    /// - Parameter host: a name or an address, IPv6 without brackets. Any name but `localhost` may lead anywhere.
    static func contains(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        var six = in6_addr()
        guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
        return withUnsafeBytes(of: six) { bytes in
            bytes.elementsEqual([UInt8](repeating: 0, count: 15) + [1])
        }
    }
}
