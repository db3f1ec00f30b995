import Foundation
import Testing
import TrunklineTesting

/// What real services answer to probes and to Prometheus.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker, "run ./scripts/test"), .serialized)
struct MonitoringTests {
    private let pairing = Pairing(branch: .sqlite, head: .postgres)
    private let paths = ["livez", "readyz", "healthz"]
    private static let monitored = ["TRUNKLINE_MONITORING_ADDRESS": "127.0.0.1:0"]

    /// Alerts and dashboard name only what services export; a name that none exports is found.
    @Test func whatServicesExportIsWhatAlertsAndDashboardRead() async throws {
        let site = try await Site(
            pairing, settings: Self.monitored,
            headSchema:
                "create table item (branch_id text, id integer, name text, n integer check (n >= 0), primary key (branch_id, id));"
        )
        try site.startAll()
        try site.east.run("insert into item values (1, 'paper', 1), (2, 'pens', -1)")
        try await site.settle()
        // The passwords, and what is in the rows.
        let secrets =
            try [site.brokerURL, site.brokerURL(of: site.east)].map { url in
                String(try #require(url.firstMatch(of: /:([^:@\/]+)@/)).output.1)
            } + ["paper", "pens"]
        var scrapes: [String: String] = [:]
        for (name, process) in site.services {
            let probe = try await Probe(process)
            try await eventually("\(name) is ready") { try probe.status("readyz") == 200 }
            for path in paths { #expect(try probe.status(path) == 200, "\(name) \(path)") }
            // Of a stream a service shows what it counts as soon as it has looked at it.
            let first = [
                "publisher": "trunkline_watermark{", "ingestor": "trunkline_watermark{",
                "reaper": "trunkline_stale_batches_total{",
            ].first { name.hasSuffix($0.key) }
            if let first {
                try await eventually("\(name) shows its stream") { try probe.get("metrics").1.contains(first.value) }
            }
            let (status, body) = try probe.get("metrics")
            #expect(status == 200)
            let all = try body + paths.map { try probe.get($0).1 }.joined()
            for secret in secrets { #expect(!all.contains(secret)) }
            scrapes[name] = body
        }
        let publisher = try #require(scrapes["east/branch-publisher"])
        #expect(publisher.contains(#"trunkline_sent_rows_total{office="east",stream="east>head"} 2"#))
        #expect(publisher.contains(#"trunkline_link_up{office="east",service="branch-publisher"} 1"#))
        let ingestor = try #require(scrapes["head/head-ingestor"])
        #expect(ingestor.contains(#"trunkline_stored_rows_total{office="head",stream="east>head"} 1"#))
        #expect(ingestor.contains(#"trunkline_newly_set_aside_rows_total{office="head",stream="east>head"} 1"#))
        #expect(ingestor.contains(#"trunkline_set_aside_rows{office="head",stream="east>head"} 1"#))
        let listener = try #require(scrapes["east/branch-ack-listener"])
        #expect(listener.contains(#"trunkline_acked_rows_total{office="east",stream="east>head"} 2"#))

        let files = try scrapes.map { name, body in
            let file = site.directory.file(name.replacing("/", with: "-") + ".prom")
            try body.write(toFile: file, atomically: true, encoding: .utf8)
            return file
        }
        let checked = try Command.script("check-metrics", files)
        #expect(checked.contains("check-metrics: "))
        // It bites: in the rules, in the dashboard, and when a service stops exporting something.
        let metrics = Command.root.appending(path: "k8s/components/metrics")
        for (option, name) in [("--rules", "alerts.yaml"), ("--dashboard", "dashboard.json")] {
            let text = try String(contentsOf: metrics.appending(path: name), encoding: .utf8)
            let wrong = site.directory.file("wrong-\(name)")
            try text.replacing("trunkline_set_aside_rows", with: "trunkline_set_aside_row")
                .write(toFile: wrong, atomically: true, encoding: .utf8)
            let error = #expect(throws: TestFailure.self) {
                try Command.script("check-metrics", [option, wrong] + files)
            }
            #expect(error?.description.contains("trunkline_set_aside_row") == true)
        }
        #expect(throws: TestFailure.self) {
            try Command.script("check-metrics", files.filter { !$0.contains("reaper") })
        }
        try await site.stopAll()
    }

    /// Health is about rows that arrive.
    @Test func aServiceIsUnhealthyThatIsConnectedAndAchievesNothing() async throws {
        let broker = try await PrivateBroker()
        let site = try await Site(
            pairing, broker: broker,
            settings: Self.monitored.merging(["TRUNKLINE_MONITORING_STALLED_AFTER": "3s"]) { first, _ in first })
        for service in Site.branchServices { try site.start(service, at: site.east) }
        let probe = try await Probe(site.services["east/branch-publisher"]!)
        try await eventually("it is ready") { try probe.status("readyz") == 200 }
        #expect(try probe.status("healthz") == 200)
        try site.east.run("insert into item values (1, 'paper', 1)")
        try await eventually("nothing is acked") { try probe.status("healthz") == 503 }
        #expect(try probe.get("healthz").1.contains("nothing was done"))
        #expect(try probe.status("readyz") == 200 && probe.status("livez") == 200)
        var (code, output) = try await site.exit(site.east, "health", probe.url)
        #expect(code == 1 && output.contains("not healthy: branch-publisher: connected"))
        (code, output) = try await site.exit(site.east, "health", "--ready", probe.url)
        #expect(code == 0 && output.contains("ready"))

        for service in Site.headServices { try site.start(service, at: site.head) }
        try await site.settle()
        try await eventually("it is acked") { try probe.status("healthz") == 200 }
        // No line, a backlog, and more time than stalled-after: healthy, and says since when.
        try await broker.stop()
        try site.east.run("insert into item values (2, 'pens', 1)")
        try await eventually("the line is lost") { try probe.get("healthz").1.contains(#""link":"down""#) }
        try await site.services["east/branch-publisher"]!.waitForOutput("step failed")
        let (status, body) = try probe.get("healthz")
        #expect(status == 200 && body.contains("link_since") && body.contains("link_error"))
        #expect(try probe.status("readyz") == 200)
        try await broker.start()
        try await site.settle()
        try await eventually("it has connected again") {
            try !probe.get("metrics").1.contains(
                #"trunkline_reconnects_total{office="east",service="branch-publisher"} 0"#)
        }
        try await site.stopAll()
        (code, output) = try await site.exit(site.east, "health", probe.url)
        #expect(code == 1 && output.contains("no answer from \(probe.url)"))
    }

    @Test func anotherOfficesWordIsNotOurHealth() async throws {
        let site = try await Site(pairing, settings: Self.monitored)
        try site.start("branch-publisher", at: site.east)
        let probe = try await Probe(site.services["east/branch-publisher"]!)
        for (office, code) in [(site.head, Int32(1)), (site.east, 0)] {
            var environment = site.environment(office)
            environment["TRUNKLINE_MONITORING_ADDRESS"] = probe.url.replacing("http://", with: "")
            let health = try ChildProcess(
                Site.executable("trunkline"), ["health"], environment: environment,
                output: site.directory.file("health-\(office.id).log"))
            #expect(try await health.waitForExit() == .code(code))
            #expect(health.output.contains("answers for the office east") == (code == 1))
        }
        try await site.stopAll()
    }

    /// Whose database answers, and takes nothing.
    @Test func aHeadIsUnhealthyThatCanStoreNothing() async throws {
        let site = try await Site(
            pairing,
            settings: Self.monitored.merging(["TRUNKLINE_MONITORING_STALLED_AFTER": "3s"]) { first, _ in first })
        try site.head.run(
            """
            create function public.no() returns trigger language plpgsql as $$begin raise exception 'no'; end$$;
            create trigger no before insert or update on trunkline.inbound for each row execute function public.no();
            """)
        try site.startAll()
        let probe = try await Probe(site.services["head/head-ingestor"]!)
        try await eventually("it is ready") { try probe.status("readyz") == 200 }
        #expect(try probe.status("healthz") == 200)
        try site.east.run("insert into item values (1, 'paper', 1)")
        try await eventually("nothing is stored") { try probe.get("healthz").1.contains("nothing was done") }
        #expect(try probe.status("readyz") == 200 && probe.status("livez") == 200)
        try site.head.run("drop trigger no on trunkline.inbound")
        try await site.settle()
        try await eventually("it is stored") { try probe.status("healthz") == 200 }
        try await site.stopAll()
    }

    @Test func aServiceIsNotReadyBeforeInit() async throws {
        let broker = try await TestBroker()
        let directory = try TemporaryDirectory()
        let environment: [String: String?] = [
            "TRUNKLINE_OFFICE_ID": "head", "TRUNKLINE_DATABASE_URL": "sqlite://\(directory.file("head.db"))",
            "TRUNKLINE_BROKER_URL": broker.url, "TRUNKLINE_MONITORING_ADDRESS": "127.0.0.1:0",
        ]
        let service = try ChildProcess(
            Site.executable("trunkline"), ["run"], environment: environment, output: directory.file("log"))
        let probe = try await Probe(service)
        #expect(try probe.status("readyz") == 503)
        #expect(try probe.status("livez") == 200)
        try Command.run(Site.executable("trunkline"), ["init"], environment: environment)
        try await eventually("it is ready") { try probe.status("readyz") == 200 }
        // All services of the process answer at one address.
        let body = try probe.get("readyz").1
        #expect(body.contains("head-ingestor") && body.contains("head-acker"))
        service.send(SIGTERM)
        #expect(try await service.waitForExit() == .code(0))
    }

    @Test func anAddressThatIsTakenOrNoneIsSaid() async throws {
        let directory = try TemporaryDirectory()
        var environment: [String: String?] = [
            "TRUNKLINE_OFFICE_ID": "head", "TRUNKLINE_DATABASE_URL": "sqlite://\(directory.file("head.db"))",
            "TRUNKLINE_BROKER_URL": "amqp://u:p@127.0.0.1:1", "TRUNKLINE_MONITORING_ADDRESS": "127.0.0.1:0",
        ]
        func start(_ output: String) throws -> ChildProcess {
            try ChildProcess(
                Site.executable("head-acker"), environment: environment, output: directory.file(output))
        }
        let first = try start("first")
        let address = try await Probe(first).url.dropFirst("http://".count)
        environment["TRUNKLINE_MONITORING_ADDRESS"] = String(address)
        let second = try start("second")
        #expect(try await second.waitForExit() == .code(78))
        #expect(second.output.contains("monitoring.address: \(address) cannot be listened on"))
        environment["TRUNKLINE_MONITORING_ADDRESS"] = "9464"
        let third = try start("third")
        #expect(try await third.waitForExit() == .code(78))
        #expect(third.output.contains("is not a host and a port"))
        first.send(SIGTERM)
        #expect(try await first.waitForExit() == .code(0))
    }
}
