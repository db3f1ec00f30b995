public import CoreMetrics
internal import Synchronization
public import TrunklineCore

/// Keeps the values of the metrics of a catalogue, and shows them to Prometheus.
///
/// A metric that the catalogue does not have, or with another kind or other labels, is not kept.
public final class PrometheusRegistry: MetricsFactory {
    private enum Series {
        case number(NumberSeries)
        case histogram(HistogramSeries)
    }

    private let catalogue: [MetricDefinition]
    private let definitions: [String: MetricDefinition]
    private let constant: [(String, String)]
    /// By the name of the metric, then by its labels as text.
    private let series = Mutex<[String: [String: Series]]>([:])

    /// - Parameter labels: of every sample, before its own.
    public init(_ catalogue: [MetricDefinition] = Metrics.all, labels: [(String, String)] = []) {
        self.catalogue = catalogue
        definitions = Dictionary(uniqueKeysWithValues: catalogue.map { ($0.name, $0) })
        constant = labels
    }

    /// All samples, in the order of the catalogue.
    public var text: String {
        let all = series.withLock { $0 }
        var text = PrometheusText()
        for metric in catalogue {
            guard let found = all[metric.name] else { continue }
            text.describe(metric)
            for (labels, series) in found.sorted(by: { $0.key < $1.key }) {
                switch series {
                case .number(let number): text.sample(metric.name, labels, number.value)
                case .histogram(let histogram): text.histogram(metric.name, labels, histogram)
                }
            }
        }
        return text.text
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        number(.counter, label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        number(.gauge, label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        guard let metric = definition(.histogram, label, dimensions) else { return NOOPMetricsHandler.instance }
        let found = one(metric, dimensions) { .histogram(HistogramSeries(buckets: metric.buckets)) }
        if case .histogram(let histogram) = found { return histogram }
        preconditionFailure("\(label) is a histogram and kept as something else")
    }

    /// The catalogue has none.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler { NOOPMetricsHandler.instance }

    // All but gauges live as long as the process: their labels are services and streams, of which there are few.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {
        series.withLock { all in
            for (name, found) in all {
                all[name] = found.filter { _, series in
                    if case .number(let number) = series { number !== handler } else { true }
                }
            }
        }
    }
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func number(
        _ kind: MetricDefinition.Kind, _ label: String, _ dimensions: [(String, String)]
    ) -> NumberSeries? {
        guard let metric = definition(kind, label, dimensions) else { return nil }
        if case .number(let number) = one(metric, dimensions, or: { .number(NumberSeries()) }) { return number }
        preconditionFailure("\(label) is a \(kind) and kept as something else")
    }

    private func definition(
        _ kind: MetricDefinition.Kind, _ label: String, _ dimensions: [(String, String)]
    ) -> MetricDefinition? {
        guard let metric = definitions[label], metric.kind == kind, metric.labels == dimensions.map(\.0) else {
            return nil
        }
        return metric
    }

    private func one(
        _ metric: MetricDefinition, _ dimensions: [(String, String)], or make: () -> Series
    ) -> Series {
        let labels = PrometheusText.labels(constant + dimensions)
        return series.withLock { all in
            if let found = all[metric.name]?[labels] { return found }
            let new = make()
            all[metric.name, default: [:]][labels] = new
            return new
        }
    }
}
