import Foundation

/// TCP sockets on 127.0.0.1.
enum Sockets {
    /// As small as a home router's: what does not fit stays with the sender, where a cut costs nothing.
    private static let bufferBytes: Int32 = 16_384

    /// - Returns: a socket that listens on a port of the system's choice, and the port.
    static func listen() throws -> (socket: Int32, port: UInt16) {
        let listener = tcp()
        set(listener, SOL_SOCKET, SO_RCVBUF, bufferBytes)
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && Foundation.listen(listener, 256) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard listener >= 0, status else { throw TestFailure("cannot listen: \(String(cString: strerror(errno)))") }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    /// - Returns: a negative number when nobody listens there.
    static func connect(port: UInt16) -> Int32 {
        let socket = tcp()
        var address = loopback(port)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(socket)
            return -1
        }
        set(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return socket
    }

    static func accept(_ listener: Int32) -> Int32 {
        let socket = Foundation.accept(listener, nil, nil)
        guard socket >= 0 else { return socket }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        set(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return socket
    }

    /// Closes with RST: with linger 0 what was not sent is dropped.
    static func reset(_ socket: Int32) {
        guard socket >= 0 else { return }
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close(socket)
    }

    private static func tcp() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }
}
