public import CoreMetrics

/// What a service tells of itself while it works: counts for the metrics, events for its health.
///
/// Costs something per batch, never per row, and nothing at all where nobody listens.
public struct ServiceTelemetry: Sendable {
    /// As the metrics call the service.
    public let service: String
    private let metrics: any MetricsFactory
    private let hear: @Sendable (HealthEvent) -> Void

    /// - Parameter health: hears every event; called from any thread.
    public init(
        service: String, metrics: any MetricsFactory, health: @escaping @Sendable (HealthEvent) -> Void
    ) {
        self.service = service
        self.metrics = metrics
        hear = health
    }

    /// Nobody listens.
    public static let silent = ServiceTelemetry(service: "", metrics: NOOPMetricsHandler.instance) { _ in }

    public func note(_ event: HealthEvent) { hear(event) }

    /// - Parameter labels: the values of the definition's labels, in its order.
    public func count(_ metric: MetricDefinition, by amount: Int = 1, _ labels: String...) {
        metrics.makeCounter(label: metric.name, dimensions: dimensions(metric, labels)).increment(by: Int64(amount))
    }

    public func set(_ metric: MetricDefinition, to value: Double, _ labels: String...) {
        metrics.makeMeter(label: metric.name, dimensions: dimensions(metric, labels)).set(value)
    }

    public func record(_ metric: MetricDefinition, _ duration: Duration, _ labels: String...) {
        metrics.makeTimer(label: metric.name, dimensions: dimensions(metric, labels))
            .recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }

    /// Shows a gauge no more: what it told of is gone.
    public func withdraw(_ metric: MetricDefinition, _ labels: String...) {
        metrics.destroyMeter(metrics.makeMeter(label: metric.name, dimensions: dimensions(metric, labels)))
    }

    /// Shows counters as 0 before anything was counted, so that a rate over them begins there.
    public func show(_ counters: [MetricDefinition], _ labels: String...) {
        for metric in counters {
            metrics.makeCounter(label: metric.name, dimensions: dimensions(metric, labels)).increment(by: 0)
        }
    }

    private func dimensions(_ metric: MetricDefinition, _ labels: [String]) -> [(String, String)] {
        precondition(labels.count == metric.labels.count, "\(metric.name) has the labels \(metric.labels)")
        return Array(zip(metric.labels, labels))
    }
}
