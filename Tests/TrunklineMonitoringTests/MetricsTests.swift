import Testing
import TrunklineCore

/// The catalogue keeps to the conventions of Prometheus.
@Suite struct MetricsTests {
    @Test(arguments: Metrics.all) func followsTheConventions(metric: MetricDefinition) throws {
        #expect(metric.name.hasPrefix("trunkline_"))
        #expect(metric.name.wholeMatch(of: /[a-z_]+/) != nil)
        #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter))
        #expect(metric.buckets.isEmpty == (metric.kind != .histogram))
        #expect(metric.buckets == metric.buckets.sorted())
        if metric.kind == .histogram { #expect(metric.name.hasSuffix("_seconds")) }
        #expect(!metric.labels.contains("office") && !metric.labels.contains("le"))
        #expect(metric.help.hasSuffix("."))
    }

    @Test func namesAreUnique() { #expect(Set(Metrics.all.map(\.name)).count == Metrics.all.count) }
}
