internal import Hummingbird
public import Logging
internal import NIOCore
public import ServiceLifecycle
internal import TrunklineCore

/// Answers `/livez`, `/readyz`, `/healthz` and `/metrics` over HTTP, until it is told to stop.
public struct MonitoringServer: Service {
    private let monitor: OfficeMonitor
    private let address: MonitoringAddress
    private let logger: Logger

    public init(_ monitor: OfficeMonitor, at address: MonitoringAddress, logger: Logger) {
        self.monitor = monitor
        self.address = address
        self.logger = logger
    }

    /// - Throws: ``MonitoringError`` when the address is taken or none of this machine.
    public func run() async throws {
        // Its own lines say what ours say, or concern one connection.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { [address, logger] channel in
                let port = channel.localAddress?.port ?? address.port
                let place = MonitoringAddress(host: address.host, port: port)
                logger.info("monitoring", metadata: [LogKey.place: "\(place)"])
            },
            logger: quiet)
        do {
            try await application.run()
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as IOError {
            throw MonitoringError(address: address, reason: error.description)
        } catch {
            throw MonitoringError(address: address, reason: "\(error)")
        }
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        for question in HealthQuestion.allCases {
            router.get(RouterPath(question.rawValue)) { [monitor] _, _ in
                let report = monitor.report(question)
                return Self.response(report.ok ? .ok : .serviceUnavailable, "application/json", report.json + "\n")
            }
        }
        router.get("metrics") { [monitor] _, _ in
            Self.response(.ok, "text/plain; version=0.0.4; charset=utf-8", monitor.metrics)
        }
        return router
    }

    private static func response(_ status: HTTPResponse.Status, _ type: String, _ body: String) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
