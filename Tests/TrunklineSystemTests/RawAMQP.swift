import Foundation
import TrunklineTesting

/// AMQP 0-9-1 by hand, over a socket: says whatever a hostile program could say, which a well-behaved client library
/// would not let through. Source: the AMQP 0-9-1 specification, sections 2.3 and 4.2, and its list of methods.
final class RawAMQP {
    /// What the broker made of it.
    enum Reply: Hashable {
        /// The method that answers, as in `50.11`.
        case done(String)
        /// Channel or connection closed, with the reply code.
        case refused(UInt16, String)

        var code: UInt16? {
            if case .refused(let code, _) = self { code } else { nil }
        }
    }

    private let socket: Int32
    private var channel: UInt16 = 0

    /// Connects and logs in; throws with what the broker said when it does not let the user in.
    init(url: String) throws {
        guard let parts = URLComponents(string: url), let port = parts.port, let user = parts.user,
            let password = parts.password
        else { throw TestFailure("not a whole AMQP URL") }
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw TestFailure("the broker is not there") }
        try send([0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1])
        _ = try expect("10.10")
        let response = [UInt8](("\0\(user)\0\(password)").utf8)
        try method(10, 11, Wire.long(0) + Wire.short("PLAIN") + Wire.long(response.count) + response + Wire.short("en"))
        let tune = try expect("10.30")
        try method(10, 31, Array(tune[4..<10]) + [0, 0])
        try method(10, 40, Wire.short(parts.path.dropFirst().removingPercentEncoding ?? "") + Wire.short("") + [0])
        _ = try expect("10.41")
    }

    deinit { close(socket) }

    /// Does one thing on a channel of its own.
    func attempt(_ classID: UInt16, _ methodID: UInt16, _ arguments: [UInt8]) throws -> Reply {
        try openChannel()
        try method(classID, methodID, arguments)
        return try reply()
    }

    /// Publishes one message, mandatory, on a channel of its own, and waits for the confirm.
    func publish(_ exchange: String, _ routingKey: String, _ properties: Properties, _ body: [UInt8]) throws -> Reply {
        try openChannel()
        try method(85, 10, [0])
        _ = try expect("85.11")
        try send(exchange, routingKey, properties, body)
        return try reply()
    }

    /// Publishes the same message again and again on one channel; waits for the last confirm.
    func flood(_ exchange: String, _ routingKey: String, _ properties: Properties, _ body: [UInt8], times: Int) throws {
        try openChannel()
        try method(85, 10, [0])
        _ = try expect("85.11")
        for _ in 0..<times { try send(exchange, routingKey, properties, body) }
        var confirmed: UInt64 = 0
        while confirmed < UInt64(times) {
            let ack = try expect("60.80")
            confirmed = max(confirmed, ack[4..<12].reduce(0) { $0 << 8 | UInt64($1) })
        }
    }

    struct Properties {
        var type: String? = "batch"
        var encoding: String? = "zstd"
        var userID: String?
        /// At most 255 bytes.
        var messageID: [UInt8]?
        /// The sender-selected keys of RabbitMQ, which are to take the message elsewhere as well.
        var copies: [String] = []

        var encoded: [UInt8] {
            var flags: UInt16 = 0
            var fields: [UInt8] = []
            func add(_ bit: UInt16, _ value: [UInt8]?) {
                guard let value else { return }
                flags |= 1 << bit
                fields += value
            }
            add(14, encoding.map(Wire.short))
            let array = copies.flatMap { [UInt8(ascii: "S")] + Wire.long($0.utf8.count) + Array($0.utf8) }
            let table = Wire.short("CC") + [UInt8(ascii: "A")] + Wire.long(array.count) + array
            add(13, copies.isEmpty ? nil : Wire.long(table.count) + table)
            add(7, messageID.map { [UInt8($0.count)] + $0 })
            add(5, type.map(Wire.short))
            add(4, userID.map(Wire.short))
            return Wire.word(flags) + fields
        }
    }

    enum Wire {
        static func word(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
        static func long(_ value: Int) -> [UInt8] { word(UInt16(value >> 16)) + word(UInt16(value & 0xffff)) }
        static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
    }

    private func openChannel() throws {
        channel += 1
        try method(20, 10, [0])
        _ = try expect("20.11")
    }

    private func send(_ exchange: String, _ routingKey: String, _ properties: Properties, _ body: [UInt8]) throws {
        try method(60, 40, [0, 0] + Wire.short(exchange) + Wire.short(routingKey) + [1])
        try frame(2, [0, 60, 0, 0, 0, 0, 0, 0] + Wire.long(body.count) + properties.encoded)
        var rest = body[...]
        while !rest.isEmpty {
            try frame(3, Array(rest.prefix(100_000)))
            rest = rest.dropFirst(100_000)
        }
    }

    private func method(_ classID: UInt16, _ methodID: UInt16, _ arguments: [UInt8]) throws {
        try frame(1, Wire.word(classID) + Wire.word(methodID) + arguments)
    }

    private func frame(_ type: UInt8, _ payload: [UInt8]) throws {
        try send([type] + Wire.word(channel) + Wire.long(payload.count) + payload + [0xCE])
    }

    private func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestFailure("the broker closed the connection") }
            sent += count
        }
    }

    private func reply() throws -> Reply {
        while true {
            let payload = try nextMethod()
            let name = "\(payload[1]).\(payload[3])"
            switch name {
            case "20.40", "10.50":
                let code = UInt16(payload[4]) << 8 | UInt16(payload[5])
                let text = String(decoding: payload[7..<(7 + Int(payload[6]))], as: UTF8.self)
                if name == "20.40" { try method(20, 41, []) }
                return .refused(code, text)
            // A return is followed by its confirm.
            case "60.50": continue
            default: return .done(name)
            }
        }
    }

    private func expect(_ name: String) throws -> [UInt8] {
        let payload = try nextMethod()
        guard "\(payload[1]).\(payload[3])" == name else {
            throw TestFailure("not \(name) but: \(String(decoding: payload, as: UTF8.self))")
        }
        return payload
    }

    /// Contents and heartbeats are passed over.
    private func nextMethod() throws -> [UInt8] {
        while true {
            let head = try read(7)
            let size = head[3..<7].reduce(0) { $0 << 8 | Int($1) }
            let payload = try read(size + 1)
            if head[0] == 1 { return payload }
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var got = 0
        while got < count {
            let more = bytes[got...].withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            guard more > 0 else { throw TestFailure("the broker closed the connection or did not answer") }
            got += more
        }
        return bytes
    }
}
