internal import TrunklineCore

/// The text format 0.0.4 of Prometheus.
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
struct PrometheusText {
    private(set) var text = ""

    mutating func describe(_ metric: MetricDefinition) {
        let help = metric.help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        text += "# HELP \(metric.name) \(help)\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
    }

    /// - Parameter labels: as ``labels(_:)`` writes them.
    mutating func sample(_ name: String, _ labels: String, _ value: Double) {
        text += labels.isEmpty ? name : "\(name){\(labels)}"
        text += " \(Self.number(value))\n"
    }

    mutating func histogram(_ name: String, _ labels: String, _ series: HistogramSeries) {
        let contents = series.contents
        let prefix = labels.isEmpty ? "" : labels + ","
        var total: UInt64 = 0
        for (bound, count) in zip(series.buckets + [.infinity], contents.counts) {
            total += count
            sample("\(name)_bucket", "\(prefix)le=\"\(Self.number(bound))\"", Double(total))
        }
        sample("\(name)_sum", labels, contents.sum)
        sample("\(name)_count", labels, Double(total))
    }

    static func labels(_ pairs: [(String, String)]) -> String {
        pairs.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        if value.isNaN { return "NaN" }
        // Whole numbers as people write them, as far as a Double holds them exactly.
        if value.rounded() == value, abs(value) < 9e15 { return "\(Int64(value))" }
        return "\(value)"
    }
}
