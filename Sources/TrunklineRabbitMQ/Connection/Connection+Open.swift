import CRabbitMQ
import Foundation
import TrunklineCore

extension Connection {
    /// The frame size that RabbitMQ offers by default, in bytes.
    private static let frameMax: Int32 = 131_072

    func open() throws(BrokerError) {
        guard (1...600).contains(configuration.heartbeat) else {
            throw BrokerError(
                .configuration, operation: "connect", subject: configuration.address,
                reason: "the heartbeat is not from 1 to 600 seconds")
        }
        let socket: OpaquePointer? =
            if let tls = configuration.tls { try secureSocket(tls) } else { amqp_tcp_socket_new(state) }
        var timeout = configuration.connectTimeout.timeValue
        let status = amqp_socket_open_noblock(socket, configuration.host, Int32(configuration.port), &timeout)
        if configuration.tls != nil { certificates.note(ownNotAfter: trunkline_own_certificate_not_after(socket)) }
        try check(socket: status)
        limitSilence(of: socket)
        amqp_set_handshake_timeout(state, &timeout)
        try logIn()
    }

    /// The library keeps no more of the system's reason than that there was one.
    private func check(socket status: Int32) throws(BrokerError) {
        do throws(BrokerError) {
            try check(status, "connect", configuration.address)
        } catch {
            var plainer = error
            if error.code == .tls {
                plainer.hint = certificates.hint(at: .now) ?? error.hint
                throw plainer
            }
            guard error.code == .unreachable, error.hint == nil else { throw error }
            plainer.reason =
                status == AMQP_STATUS_TIMEOUT.rawValue
                ? "no answer within \(configuration.connectTimeout)" : "nothing listens there, or there is no way to it"
            plainer.hint = "check that the broker runs, the network, and host and port in broker.url"
            throw plainer
        }
    }

    /// A write that the other end does not take would otherwise wait for TCP to give up, a quarter of an hour
    /// (tcp(7), TCP_USER_TIMEOUT): the heartbeat is not looked at meanwhile.
    private func limitSilence(of socket: OpaquePointer?) {
        var milliseconds = UInt32(configuration.heartbeat * 2_000)
        _ = setsockopt(
            amqp_socket_get_sockfd(socket), Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds,
            socklen_t(MemoryLayout<UInt32>.size))
    }

    private func secureSocket(_ tls: RabbitMQConfiguration.TLS) throws(BrokerError) -> OpaquePointer? {
        let socket = amqp_ssl_socket_new(state)
        amqp_ssl_socket_set_verify_peer(socket, tls.verifiesPeer ? 1 : 0)
        amqp_ssl_socket_set_verify_hostname(socket, tls.verifiesHostName ? 1 : 0)
        _ = amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
        if tls.verifiesPeer {
            let file = tls.caFile ?? Self.systemAuthorities
            try load(file, amqp_ssl_socket_set_cacert(socket, file))
        }
        switch (tls.certificateFile, tls.keyFile) {
        case (let certificate?, let key?):
            try load("\(certificate) and \(key)", amqp_ssl_socket_set_key(socket, certificate, key))
        case (nil, nil): break
        case (_?, nil), (nil, _?):
            throw BrokerError(
                .configuration, operation: "connect", subject: configuration.address,
                reason: "a client certificate needs both its certificate file and its key file")
        }
        certificates.watch(socket)
        return socket
    }

    /// The bundle of Debian's ca-certificates package.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    private func load(_ files: String, _ status: Int32) throws(BrokerError) {
        guard status != AMQP_STATUS_OK.rawValue else { return }
        throw BrokerError(
            .tls, operation: "load", subject: files, reason: "not a readable PEM file of the right kind",
            hint: "check that the file exists, may be read, and that certificate and key belong together")
    }

    private func logIn() throws(BrokerError) {
        var arena = AMQPArena()
        var properties = arena.table([
            "connection_name": .string(configuration.connectionName),
            "product": .string("trunkline"),
            "capabilities": .table([
                "basic.nack": .bool(true),
                "connection.blocked": .bool(true),
                "consumer_cancel_notify": .bool(true),
                "publisher_confirms": .bool(true),
            ]),
        ])
        let reply = trunkline_amqp_login_plain(
            state, configuration.virtualHost, 0, Self.frameMax, Int32(configuration.heartbeat), &properties,
            configuration.user, configuration.password)
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION where reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD:
            let close = reply.reply.decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
            throw BrokerError(
                replyCode: close.reply_code, text: close.reply_text.text, operation: "log in as \(configuration.user)",
                subject: "\(configuration.address) virtual host \(configuration.virtualHost)")
        default:
            try check(reply.library_error, "log in as \(configuration.user)", configuration.address)
        }
    }
}
