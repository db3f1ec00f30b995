import CoreMetrics
import Testing

@testable import TrunklineCore
@testable import TrunklineMonitoring

@Suite struct PrometheusRegistryTests {
    private static let counter = MetricDefinition(
        .counter, "sent_total", labels: ["stream"], "What was \\ sent.\nAll of it.")
    private static let gauge = MetricDefinition(.gauge, "up", "Whether it is up.")
    private static let histogram = MetricDefinition(
        .histogram, "took_seconds", labels: ["service"], buckets: [0.1, 1], "How long it took.")
    private static let silent = MetricDefinition(.gauge, "silent", "Nothing says it.")

    private func registry(labels: [(String, String)] = []) -> PrometheusRegistry {
        PrometheusRegistry([Self.counter, Self.gauge, Self.histogram, Self.silent], labels: labels)
    }

    @Test func aGaugeOfWhatIsGoneIsShownNoMore() {
        let registry = registry()
        let telemetry = ServiceTelemetry(service: "s", metrics: registry) { _ in }
        telemetry.set(Self.gauge, to: 1)
        telemetry.count(Self.counter, "a")
        telemetry.withdraw(Self.gauge)
        #expect(!registry.text.contains("\nup 1") && registry.text.contains(#"sent_total{stream="a"} 1"#))
        telemetry.set(Self.gauge, to: 2)
        #expect(registry.text.contains("\nup 2"))
    }

    @Test func showsWhatWasSaidInTheOrderOfTheCatalogue() {
        let registry = registry(labels: [("office", "east")])
        let telemetry = ServiceTelemetry(service: "s", metrics: registry) { _ in }
        telemetry.set(Self.gauge, to: 0.5)
        telemetry.count(Self.counter, by: 2, "b")
        telemetry.count(Self.counter, "a")
        telemetry.count(Self.counter, "b")
        for milliseconds in [50, 100, 700, 2_000] {
            telemetry.record(Self.histogram, .milliseconds(milliseconds), "s")
        }
        #expect(
            registry.text == """
                # HELP sent_total What was \\\\ sent.\\nAll of it.
                # TYPE sent_total counter
                sent_total{office="east",stream="a"} 1
                sent_total{office="east",stream="b"} 3
                # HELP up Whether it is up.
                # TYPE up gauge
                up{office="east"} 0.5
                # HELP took_seconds How long it took.
                # TYPE took_seconds histogram
                took_seconds_bucket{office="east",service="s",le="0.1"} 2
                took_seconds_bucket{office="east",service="s",le="1"} 3
                took_seconds_bucket{office="east",service="s",le="+Inf"} 4
                took_seconds_sum{office="east",service="s"} 2.85
                took_seconds_count{office="east",service="s"} 4

                """)
    }

    @Test func labelsAreEscaped() {
        let registry = registry()
        ServiceTelemetry(service: "s", metrics: registry) { _ in }.count(Self.counter, "a\"b\\c\nd")
        #expect(registry.text.contains(#"sent_total{stream="a\"b\\c\nd"} 1"#))
    }

    @Test func aShownCounterBeginsAtNothing() {
        let registry = registry()
        ServiceTelemetry(service: "s", metrics: registry) { _ in }.show([Self.counter], "a")
        #expect(registry.text.contains("sent_total{stream=\"a\"} 0\n"))
    }

    @Test func whatIsNotInTheCatalogueIsNotShown() {
        let registry = registry()
        registry.makeCounter(label: "other_total", dimensions: []).increment(by: Int64(1))
        registry.makeCounter(label: "up", dimensions: []).increment(by: Int64(1))
        registry.makeMeter(label: "up", dimensions: [("more", "x")]).set(Double(1))
        registry.makeTimer(label: "up", dimensions: []).recordNanoseconds(Int64(1))
        #expect(registry.text == "")
    }

    @Test(arguments: [
        (0.0, "0"), (3, "3"), (-2, "-2"), (0.25, "0.25"), (1_767_323_045, "1767323045"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"), (1e300, "1e+300"),
    ])
    func numbersAreThoseOfPrometheus(value: Double, text: String) { #expect(PrometheusText.number(value) == text) }

    /// A scrape while services count must neither lose a count nor crash.
    @Test func countsFromManyThreads() async {
        let registry = registry()
        let telemetry = ServiceTelemetry(service: "s", metrics: registry) { _ in }
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    for _ in 0..<1_000 { telemetry.count(Self.counter, "a") }
                    _ = registry.text
                }
            }
        }
        #expect(registry.text.contains("sent_total{stream=\"a\"} 8000\n"))
    }
}
