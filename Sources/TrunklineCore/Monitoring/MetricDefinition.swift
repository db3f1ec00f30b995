/// What one metric is: its name, labels and help text, as Prometheus shows them.
///
/// Source of the conventions: <https://prometheus.io/docs/practices/naming/>.
public struct MetricDefinition: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// Only grows; begins at 0 when the process starts. Its name ends with `_total`.
        case counter
        case gauge
        /// Seconds, counted in ``MetricDefinition/buckets``.
        case histogram
    }

    public var name: String
    public var kind: Kind
    public var labels: [String]
    public var help: String
    /// Upper bounds in seconds, rising, without the infinite one; empty where it is no histogram.
    public var buckets: [Double]

    init(_ kind: Kind, _ name: String, labels: [String] = [], buckets: [Double] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
        self.buckets = buckets
    }
}
